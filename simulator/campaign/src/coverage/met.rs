//! Goals beside faults and promises: what can happen in a world, and must have happened once.

use egress_sim_model::livekit::EgressStatus;

use super::worlds::Worlds;
use crate::campaign::Campaign;

/// Something that can happen.
struct Met {
    id: &'static str,
    meaning: &'static str,
    /// It takes one of these kinds of faults, as patterns; none: it comes by itself.
    faults: &'static [&'static str],
    /// The operator must do one of these; none: it comes whatever the operator does.
    does: &'static [&'static str],
    /// Some world of the campaign must be so.
    worlds: fn(&Worlds) -> bool,
}

const DELETES: &[&str] = &["s3.delete_object", "s3.delete_objects"];
const LISTS: &[&str] = &["s3.list_objects_v2", "s3.list_object_versions"];
const OPENS: &[&str] = &["webhook.open"];
const STARTS: &[&str] = &["livekit.start_egress"];
const ENDS_AN_EGRESS: &[&str] = &["egress.abort", "egress.ends_early", "egress.fail", "egress.limit_reached"];

const fn any(_: &Worlds) -> bool {
    true
}

const fn met(id: &'static str, meaning: &'static str) -> Met {
    Met { id, meaning, faults: &[], does: &[], worlds: any }
}

const MET: &[Met] = &[
    Met {
        faults: &["upload.fail"],
        worlds: |worlds| worlds.backup,
        ..met("met/backup-split", "objects of one recording went to the primary storage and to the backup")
    },
    Met {
        faults: &["s3.batch_partial"],
        does: &["s3.delete_objects"],
        ..met("met/batch-with-refusals", "a batch delete was answered 200 with errors inside")
    },
    Met {
        does: &["store.commit"],
        worlds: |worlds| worlds.instances,
        ..met("met/commit-conflict", "a commit was turned down because somebody else had been faster")
    },
    Met {
        faults: &["webhook.duplicate"],
        does: OPENS,
        ..met("met/duplicate-after-newer-state", "old news of an egress came again behind newer news of it")
    },
    Met { worlds: |worlds| worlds.holds, ..met("met/hold-in-force", "a legal hold was set") },
    Met {
        worlds: |worlds| worlds.holds && worlds.contract_ends,
        ..met("met/hold-at-contract-end", "a hold stood on a tenant's recordings when its contract was over")
    },
    Met { worlds: |worlds| worlds.holds && worlds.lifted, ..met("met/hold-lifted", "a legal hold was lifted") },
    Met { does: &["publish.publish"], ..met("met/link-opened", "a viewer opened a link") },
    Met {
        does: &["publish.publish"],
        worlds: |worlds| worlds.playback,
        ..met("met/link-opened-by-order", "a viewer opened a link because a playback was ordered")
    },
    Met {
        does: DELETES,
        worlds: |worlds| worlds.locks,
        ..met("met/lock-refused", "a deletion was refused because of an object lock")
    },
    Met {
        faults: &["livekit.slow", "livekit.timeout"],
        does: STARTS,
        ..met("met/news-before-answer", "news of an egress came before the answer to its start")
    },
    Met {
        faults: &["*.timeout", "s3.broken_reply", "s3.internal_error"],
        ..met("met/outcome-unknown", "a call that changes something was left without an answer")
    },
    Met {
        does: LISTS,
        worlds: |worlds| worlds.pages,
        ..met("met/page-two", "a listing went on behind its first page")
    },
    Met {
        faults: &["operator.crash"],
        does: &["s3.delete_objects"],
        ..met("met/restart-in-batch", "the operator died while it deleted several keys at once")
    },
    Met {
        faults: &["operator.crash"],
        does: DELETES,
        ..met("met/restart-in-deletion", "the operator died while it deleted")
    },
    Met {
        faults: &["operator.crash"],
        does: STARTS,
        ..met("met/restart-in-start", "the operator died while it started an egress")
    },
    Met {
        faults: &["webhook.*"],
        does: OPENS,
        ..met("met/status-went-back", "a delivery told of an older state than one before it")
    },
    Met {
        faults: ENDS_AN_EGRESS,
        does: STARTS,
        ..met("met/two-composites-in-turn", "a call had a second composite after its first")
    },
    Met {
        worlds: |worlds| worlds.instances,
        ..met("met/two-instances-interleaved", "one instance made a call while another waited in one")
    },
    Met {
        does: DELETES,
        worlds: |worlds| worlds.versions,
        ..met("met/version-deleted", "a version was deleted by its id")
    },
    Met {
        faults: &["webhook.unreachable", "webhook.lost_ack"],
        ..met("met/webhook-again", "a delivery was attempted a second time")
    },
    Met { faults: &["webhook.drop"], ..met("met/webhook-lost", "an event was lost for good") },
];

/// Statuses of an egress, and the faults that it takes for one to be seen.
const STATUSES: &[(EgressStatus, &[&str])] = &[
    (EgressStatus::Starting, &[]),
    (EgressStatus::Active, &[]),
    (EgressStatus::Ending, &[]),
    (EgressStatus::Complete, &[]),
    (EgressStatus::Failed, &["egress.abort", "egress.fail", "upload.fail"]),
    (EgressStatus::Aborted, &["egress.abort"]),
    (EgressStatus::LimitReached, &["egress.limit_reached"]),
];

/// The goals of a campaign whose operator does what `does` says.
pub(super) fn wanted(campaign: &Campaign, worlds: &Worlds, does: &dyn Fn(&str) -> bool) -> Vec<String> {
    let has = |patterns: &[&str]| {
        patterns.is_empty() || campaign.kinds().any(|kind| patterns.iter().any(|pattern| matches(pattern, kind.name)))
    };
    let done = |any: &[&str]| any.is_empty() || any.iter().any(|what| does(what));
    let happens = MET.iter().filter(|met| has(met.faults) && done(met.does) && (met.worlds)(worlds));
    let seen = STATUSES.iter().filter(|(_, faults)| has(faults) && done(STARTS)).map(|(status, _)| *status);
    let told = seen.clone().filter(|_| done(&["webhook.open", "livekit.list_egress"]));
    happens.map(|met| met.id.to_owned()).chain(seen.map(status)).chain(told.map(self::told)).collect()
}

fn matches(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        Some((before, behind)) => name.starts_with(before) && name.ends_with(behind),
        None => pattern == name,
    }
}

/// `status/EGRESS_ACTIVE`
pub(super) fn status(status: EgressStatus) -> String {
    format!("status/{}", status.as_str_name())
}

/// `told/EGRESS_ACTIVE`
pub(super) fn told(status: EgressStatus) -> String {
    format!("told/{}", status.as_str_name())
}

/// What a goal of this file means.
pub(super) fn meaning(goal: &str) -> Option<String> {
    if let Some(status) = goal.strip_prefix("status/") {
        return Some(format!("an egress was {status}"));
    }
    if let Some(status) = goal.strip_prefix("told/") {
        return Some(format!("the operator was told that an egress was {status}"));
    }
    MET.iter().find(|met| met.id == goal).map(|met| met.meaning.to_owned())
}
