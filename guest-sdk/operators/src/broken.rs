//! Broken operators: the reference operator with one step done in the way that people really do it wrong.
//!
//! Each is a file: its head says what is wrong, why people write it so, and which property it breaks. Together they prove
//! that the properties can fail.

use std::collections::BTreeSet;

use crate::About;
use crate::reference::desk::Desk;
use crate::reference::{Reference, Steps};

mod audit_first;
mod counts_from_now;
mod deletes_early;
mod deletes_segments;
mod first_page_only;
mod forgets_a_bucket;
mod hoards_memory;
mod ignores_batch_errors;
mod ignores_holds;
mod in_memory_lock;
mod keeps_links;
mod keeps_too_long;
mod leaves_manifest;
mod leaves_segments;
mod link_without_bucket;
mod links_to_sink;
mod marker_is_gone;
mod misses_late_tracks;
mod never_stops;
mod no_audit_of_holds;
mod no_head;
mod no_lease;
mod no_replacement;
mod old_rows;
mod panics;
mod phantom_stored;
mod prefix_sweep;
mod publishes_early;
mod records_all;
mod records_none;
mod recurses;
mod row_at_end;
mod spins;
mod starts_over;
mod track_for_compliance;
mod trusts_unsigned;
mod two_composites;
mod wrong_bucket;

/// All operators in the order of the properties that they break, the sound one first.
pub const OPERATORS: &[About] = &[
    About {
        name: "reference",
        summary: "The reference operator: keeps every promise.",
        breaks: None,
        breaks_sandbox: false,
    },
    track_for_compliance::ABOUT,
    two_composites::ABOUT,
    no_lease::ABOUT,
    starts_over::ABOUT,
    in_memory_lock::ABOUT,
    no_replacement::ABOUT,
    never_stops::ABOUT,
    wrong_bucket::ABOUT,
    records_none::ABOUT,
    misses_late_tracks::ABOUT,
    records_all::ABOUT,
    publishes_early::ABOUT,
    deletes_segments::ABOUT,
    links_to_sink::ABOUT,
    link_without_bucket::ABOUT,
    deletes_early::ABOUT,
    counts_from_now::ABOUT,
    ignores_holds::ABOUT,
    keeps_too_long::ABOUT,
    leaves_manifest::ABOUT,
    leaves_segments::ABOUT,
    first_page_only::ABOUT,
    forgets_a_bucket::ABOUT,
    ignores_batch_errors::ABOUT,
    no_head::ABOUT,
    marker_is_gone::ABOUT,
    prefix_sweep::ABOUT,
    keeps_links::ABOUT,
    row_at_end::ABOUT,
    old_rows::ABOUT,
    phantom_stored::ABOUT,
    audit_first::ABOUT,
    no_audit_of_holds::ABOUT,
    trusts_unsigned::ABOUT,
    panics::ABOUT,
    spins::ABOUT,
    hoards_memory::ABOUT,
    recurses::ABOUT,
];

/// The broken operator of this name.
pub fn make(name: &str, desk: Desk) -> Option<Box<dyn Steps>> {
    let sound = Reference(desk);
    let steps: Box<dyn Steps> = match name {
        "track-for-compliance" => Box::new(track_for_compliance::TrackForCompliance(sound)),
        "two-composites" => Box::new(two_composites::TwoComposites(sound, false)),
        "no-lease" => Box::new(no_lease::NoLease(sound)),
        "starts-over" => Box::new(starts_over::StartsOver(sound)),
        "in-memory-lock" => Box::new(in_memory_lock::InMemoryLock(sound, BTreeSet::new())),
        "no-replacement" => Box::new(no_replacement::NoReplacement(sound)),
        "never-stops" => Box::new(never_stops::NeverStops(sound)),
        "wrong-bucket" => Box::new(wrong_bucket::WrongBucket(sound)),
        "records-none" => Box::new(records_none::RecordsNone(sound)),
        "misses-late-tracks" => Box::new(misses_late_tracks::MissesLateTracks(sound, String::new())),
        "records-all" => Box::new(records_all::RecordsAll(sound)),
        "publishes-early" => Box::new(publishes_early::PublishesEarly(sound)),
        "deletes-segments" => Box::new(deletes_segments::DeletesSegments(sound)),
        "links-to-sink" => Box::new(links_to_sink::LinksToSink(sound)),
        "link-without-bucket" => Box::new(link_without_bucket::LinkWithoutBucket(sound)),
        "deletes-early" => Box::new(deletes_early::DeletesEarly(sound)),
        "counts-from-now" => Box::new(counts_from_now::CountsFromNow(sound, 0)),
        "ignores-holds" => Box::new(ignores_holds::IgnoresHolds(sound)),
        "keeps-too-long" => Box::new(keeps_too_long::KeepsTooLong(sound)),
        "leaves-manifest" => Box::new(leaves_manifest::LeavesManifest(sound)),
        "leaves-segments" => Box::new(leaves_segments::LeavesSegments(sound)),
        "first-page-only" => Box::new(first_page_only::FirstPageOnly(sound)),
        "forgets-a-bucket" => Box::new(forgets_a_bucket::ForgetsABucket(sound)),
        "ignores-batch-errors" => Box::new(ignores_batch_errors::IgnoresBatchErrors(sound)),
        "no-head" => Box::new(no_head::NoHead(sound)),
        "marker-is-gone" => Box::new(marker_is_gone::MarkerIsGone(sound)),
        "prefix-sweep" => Box::new(prefix_sweep::PrefixSweep(sound)),
        "keeps-links" => Box::new(keeps_links::KeepsLinks(sound)),
        "row-at-end" => Box::new(row_at_end::RowAtEnd(sound)),
        "old-rows" => Box::new(old_rows::OldRows(sound)),
        "phantom-stored" => Box::new(phantom_stored::PhantomStored(sound)),
        "audit-first" => Box::new(audit_first::AuditFirst(sound)),
        "no-audit-of-holds" => Box::new(no_audit_of_holds::NoAuditOfHolds(sound)),
        "trusts-unsigned" => Box::new(trusts_unsigned::TrustsUnsigned(sound)),
        "panics" => Box::new(panics::Panics(sound)),
        "spins" => Box::new(spins::Spins(sound)),
        "hoards-memory" => Box::new(hoards_memory::HoardsMemory(sound, Vec::new())),
        "recurses" => Box::new(recurses::Recurses(sound)),
        _ => return None,
    };
    Some(steps)
}

#[cfg(test)]
mod tests {
    use super::*;
    use egress_sim_sdk::{Boot, LivekitServer, S3Server};

    #[test]
    fn every_listed_operator_can_be_made() {
        let boot = Boot {
            name: String::new(),
            instance: 0,
            incarnation: 1,
            livekit: LivekitServer { url: String::new(), api_key: String::new(), api_secret: String::new() },
            s3: S3Server { url: String::new(), access_key: String::new(), secret_key: String::new() },
            tenants: Vec::new(),
            config: String::new(),
        };
        for about in OPERATORS {
            assert!(crate::make(about.name, &boot).is_some(), "{}", about.name);
            assert_eq!(about.name == "reference", about.breaks.is_none(), "{}", about.name);
        }
        assert!(crate::make("broken/nothing-of-the-kind", &boot).is_none());
    }
}
