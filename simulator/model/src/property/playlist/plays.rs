//! A viewer who opens a published link gets all of it.
//!
//! Why: this is what the recording is for. Everything else may look right while the player shows an error.
//!
//! The rule: whenever a viewer opens a link that stands, playlist and segments, or the one file, arrive in full.
//!
//! Broken by `link-without-bucket`, whose links lead nowhere.

use crate::property::{About, Mention, Property, Verdict};
use crate::state::State;
use crate::trace::{Fact, FactKind, Occasion, Viewing};

static ABOUT: About = About {
    id: "playlist.plays",
    promise: "A viewer who opens a published link gets all of it.",
    why: "This is what the recording is for: everything else may look right while the player shows an error.",
    one_check: "viewing",
    broken_by: "link-without-bucket",
};

/// See the head of this file.
#[derive(Debug, Default)]
pub struct Plays;

impl Property for Plays {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn wants(&self, kind: FactKind) -> bool {
        kind == FactKind::Viewed
    }

    fn observe(&mut self, fact: &Fact<'_>, state: &State, verdict: &mut Verdict) {
        let Fact::Viewed { link, occasion, outcome } = *fact else { return };
        let Viewing::Failed { url, status, why } = outcome else {
            verdict.held();
            return;
        };
        verdict.violated(
            state.now,
            vec![Mention::Egress(link.egress_id.clone()), Mention::Tenant(link.tenant.clone())],
            || {
                let when = match occasion {
                    Occasion::Published => "just after it was published",
                    Occasion::Command => "after a playback was asked for",
                    Occasion::LastDay => "shortly before its retention ended",
                };
                let answer =
                    if *status == 0 { "could not be reached".to_owned() } else { format!("answered {status}") };
                format!(
                    "a viewer opened {} of egress {} (tenant {}) {when} and did not get all of it: {url} \
                     {answer}: {why}",
                    link.url, link.egress_id, link.tenant
                )
            },
        );
    }
}
