//! The list.

use super::{Property, audit, deletion, inventory, operator, playlist, recording, retention, sandbox, webhook};

/// Every built-in property, fresh, in the order of reports.
pub fn builtin() -> Vec<Box<dyn Property>> {
    vec![
        Box::new(recording::composite_per_call::composite_per_call()),
        Box::new(recording::no_overlap::NoOverlap),
        Box::new(recording::gap::Gap::default()),
        Box::new(recording::stopped::Stopped::default()),
        Box::new(recording::own_buckets::OwnBuckets),
        Box::new(recording::tracks::tracks()),
        Box::new(recording::consent::Consent::default()),
        Box::new(playlist::r#final::Final),
        Box::new(playlist::complete::Complete::default()),
        Box::new(playlist::via_cdn::ViaCdn),
        Box::new(playlist::plays::Plays),
        Box::new(retention::not_early::NotEarly::default()),
        Box::new(retention::not_late::NotLate::default()),
        Box::new(retention::whole_recording::WholeRecording::default()),
        Box::new(deletion::complete::Complete::default()),
        Box::new(deletion::verified::Verified::default()),
        Box::new(deletion::only_own::OnlyOwn),
        Box::new(deletion::links_gone::LinksGone::default()),
        Box::new(inventory::complete::Complete::default()),
        Box::new(inventory::no_phantom::NoPhantom::default()),
        Box::new(audit::truthful::Truthful::default()),
        Box::new(audit::complete::Complete::default()),
        Box::new(webhook::authentic::Authentic::default()),
        Box::new(webhook::prompt::Prompt::default()),
        Box::new(operator::converges::Converges::default()),
        Box::new(operator::crash_safe::CrashSafe),
        Box::new(operator::bounded::Bounded::default()),
        Box::new(sandbox::contained::Contained),
    ]
}
