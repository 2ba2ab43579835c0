//! Links to deleted recordings are retracted.
//!
//! Why: a link that stands says that there is something to see. Viewers get errors, and the tenant gets the question
//! whether it was deleted after all.
//!
//! The rule: `inventory_grace` after the first object of a recording was deleted, none of its links stands; none is
//! published later. One check a link, at that moment or when it is found retracted before.
//!
//! Broken by `keeps-links`, which deletes and forgets what it published.

use std::collections::{BTreeMap, BTreeSet};

use crate::property::deadlines::Deadlines;
use crate::property::{About, Property, Verdict, custody, words};
use crate::state::{EgressIx, State};
use crate::time::Time;
use crate::trace::{Actor, Fact, FactKind};

static ABOUT: About = About {
    id: "deletion.links-gone",
    promise: "Links to deleted recordings are retracted.",
    why: "A link that stands says that there is something to see: viewers get errors and the tenant gets questions.",
    one_check: "link",
    broken_by: "keeps-links",
};

/// See the head of this file.
#[derive(Debug, Default)]
pub struct LinksGone {
    /// What was ever published of recordings that still have all their objects.
    published: BTreeMap<EgressIx, Vec<String>>,
    /// Recordings that lost an object.
    deleted: BTreeSet<EgressIx>,
    due: Deadlines<EgressIx>,
}

impl Property for LinksGone {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn wants(&self, kind: FactKind) -> bool {
        matches!(kind, FactKind::Published | FactKind::Sink)
    }

    fn observe(&mut self, fact: &Fact<'_>, state: &State, verdict: &mut Verdict) {
        match *fact {
            Fact::Published { link } => {
                let Some(ix) = state.egress_named(&link.egress_id).map(|egress| egress.ix) else { return };
                if self.deleted.contains(&ix) {
                    verdict.violated(state.now, words::about_egress(state, ix), || {
                        format!("{} was published although {} has been deleted", link.url, words::egress(state, ix))
                    });
                } else {
                    let links = self.published.entry(ix).or_default();
                    if !links.contains(&link.url) {
                        links.push(link.url.clone());
                    }
                }
            }
            Fact::Sink { by: Actor::Operator(_) | Actor::Lifecycle, bucket, change }
                if custody::is_removal(change.kind) =>
            {
                let Some(ix) = custody::recording_of(state, bucket, change) else { return };
                if self.deleted.insert(ix) && self.published.contains_key(&ix) {
                    self.due.push(state.now + state.scenario.promises.inventory_grace, ix);
                }
            }
            _ => {}
        }
    }

    fn next_due(&self) -> Option<Time> {
        self.due.next()
    }

    fn due(&mut self, at: Time, state: &State, verdict: &mut Verdict) {
        while let Some(ix) = self.due.take(at) {
            for url in self.published.remove(&ix).unwrap_or_default() {
                verdict.check(
                    !stands(&url, ix, state),
                    at,
                    || words::about_egress(state, ix),
                    || {
                        format!(
                            "{} was deleted, but {} later its link {url} still stands",
                            words::egress(state, ix),
                            state.scenario.promises.inventory_grace
                        )
                    },
                );
            }
        }
    }

    fn finish(&mut self, state: &State, verdict: &mut Verdict) {
        while let Some(ix) = self.due.take(Time::MAX) {
            let urls = self.published.remove(&ix).unwrap_or_default();
            verdict.held_times(urls.iter().filter(|url| !stands(url, ix, state)).count() as u64);
        }
    }
}

fn stands(url: &str, ix: EgressIx, state: &State) -> bool {
    let links = state.ports.links.get(&state.egress(ix).info.egress_id);
    links.is_some_and(|links| links.iter().any(|link| link.url == url))
}
