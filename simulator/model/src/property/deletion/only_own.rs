//! A deletion for one tenant touches no object of another.
//!
//! Why: names share prefixes (`acme-1`, `acme-10`) and tenants share buckets. A sweep that goes by name takes the
//! neighbour's recordings along, and nobody notices until they are asked for.
//!
//! The rule: when the operator takes an object away while another tenant's contract has ended, its own tenant's
//! contract has ended, or its retention is over. Each object of each deletion is a check.
//!
//! Broken by `prefix-sweep`, which deletes by key prefix instead of by inventory.

use crate::property::{About, Property, Verdict, custody, words};
use crate::sink::ChangeKind;
use crate::state::State;
use crate::trace::{Actor, Fact, FactKind};

static ABOUT: About = About {
    id: "deletion.only-own",
    promise: "A deletion for one tenant touches no object of another.",
    why: "Tenants share buckets and prefixes of names: a sweep by name takes the neighbour's recordings along.",
    one_check: "delete request key",
    broken_by: "prefix-sweep",
};

/// See the head of this file.
#[derive(Debug, Default)]
pub struct OnlyOwn;

impl Property for OnlyOwn {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn wants(&self, kind: FactKind) -> bool {
        kind == FactKind::Sink
    }

    fn observe(&mut self, fact: &Fact<'_>, state: &State, verdict: &mut Verdict) {
        let Fact::Sink { by: Actor::Operator(_), bucket, change } = *fact else { return };
        if !custody::is_removal(change.kind) && !matches!(change.kind, ChangeKind::MarkerRemoved { .. }) {
            return;
        }
        let Some(ix) = custody::recording_of(state, bucket, change) else { return };
        let owner = state.tenant_of(ix);
        let over = owner.contract_ended.is_some() || state.deletable_from(ix).is_some_and(|from| state.now >= from);
        let swept = state.tenants.iter().find(|tenant| tenant.ix != owner.ix && tenant.contract_ended.is_some());
        let Some(swept) = swept.filter(|_| !over) else {
            verdict.held();
            return;
        };
        verdict.violated(state.now, words::about_key(state, bucket, &change.key, ix), || {
            format!(
                "the contract of tenant {} has ended, that of tenant {} has not, but {} was deleted",
                swept.name,
                owner.name,
                words::key(state, bucket, &change.key, ix)
            )
        });
    }
}
