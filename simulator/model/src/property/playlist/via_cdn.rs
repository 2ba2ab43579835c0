//! Published links name the tenant's CDN, never the sink.
//!
//! Why: the sink is private and answers 403 to a browser; a link that works there means that it is open to the world.
//!
//! The rule: when a link is published, its host is the CDN of the tenant whose recording it is. A tenant without a
//! CDN has nothing published.
//!
//! Broken by `links-to-sink`, which publishes the `location` that `egress_ended` reports.

use crate::property::{About, Mention, Property, Verdict};
use crate::state::State;
use crate::trace::{Fact, FactKind};

static ABOUT: About = About {
    id: "playlist.via-cdn",
    promise: "Published links name the tenant's CDN, never the sink.",
    why: "The sink is private: a browser gets 403 from it, or else everybody can read it.",
    one_check: "publication",
    broken_by: "links-to-sink",
};

/// See the head of this file.
#[derive(Debug, Default)]
pub struct ViaCdn;

impl Property for ViaCdn {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn wants(&self, kind: FactKind) -> bool {
        kind == FactKind::Published
    }

    fn observe(&mut self, fact: &Fact<'_>, state: &State, verdict: &mut Verdict) {
        let Fact::Published { link } = *fact else { return };
        let owner = state.egress_named(&link.egress_id).map(|egress| state.tenant_of(egress.ix));
        let owner = owner.or_else(|| state.tenant_named(&link.tenant));
        let cdn = owner.and_then(|tenant| state.tenant_rule(tenant.ix).cdn.as_deref());
        let host = host(&link.url);
        verdict.check(
            host.is_some() && host == cdn,
            state.now,
            || vec![Mention::Egress(link.egress_id.clone()), Mention::Tenant(link.tenant.clone())],
            || {
                let tenant = owner.map_or(link.tenant.as_str(), |tenant| &tenant.name);
                let promised = match cdn {
                    Some(cdn) => format!("links of tenant {tenant} name its CDN {cdn}"),
                    None => format!("tenant {tenant} has no CDN, so nothing of it is published"),
                };
                format!("{promised}, but {} was published for egress {}", link.url, link.egress_id)
            },
        );
    }
}

fn host(url: &str) -> Option<&str> {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"))?;
    rest.split(['/', '?', '#']).next().filter(|host| !host.is_empty())
}
