//! Broken operators: the reference operator with one step done in the way that people really do it wrong.
//!
//! Each is a file: its head says what is wrong, why people write it so, and which property it breaks. Together they prove
//! that the properties can fail.

use std::collections::BTreeSet;

use crate::About;
use crate::reference::desk::Desk;
use crate::reference::{Reference, Steps};

mod accepts_expired;
mod acks_first;
mod audit_first;
mod audit_once_lost;
mod believes_every_end;
mod believes_room_finished;
mod conflict_is_failure;
mod counts_from_now;
mod dedupes_by_id;
mod deletes_early;
mod deletes_segments;
mod denied_is_gone;
mod failed_is_empty;
mod first_page_only;
mod forgets_a_bucket;
mod gives_up_on_locked;
mod hoards_memory;
mod ignores_backup;
mod ignores_batch_errors;
mod ignores_body_hash;
mod ignores_holds;
mod in_memory_lock;
mod keeps_links;
mod keeps_too_long;
mod last_word_wins;
mod leaves_manifest;
mod leaves_segments;
mod link_without_bucket;
mod links_to_sink;
mod list_is_archive;
mod locked_is_deleted;
mod marker_is_gone;
mod misses_late_tracks;
mod never_gives_up;
mod never_looks;
mod never_reconciles;
mod never_stops;
mod no_audit_of_holds;
mod no_head;
mod no_lease;
mod no_replacement;
mod no_retry_on_slow_down;
mod old_rows;
mod panics;
mod phantom_stored;
mod predicts_key;
mod prefix_sweep;
mod publishes_early;
mod publishes_last;
mod records_all;
mod records_none;
mod recurses;
mod refused_is_final;
mod restarts_after_start_timeout;
mod retries_forever;
mod row_at_end;
mod single_pass;
mod slow_handler;
mod spins;
mod starts_again_on_timeout;
mod starts_over;
mod stops_strangers;
mod strict_events;
mod strict_fields;
mod timeout_is_done;
mod track_for_compliance;
mod trusts_complete;
mod trusts_inventory;
mod trusts_unsigned;
mod trusts_webhooks;
mod two_composites;
mod waits_for_uploads;
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
    conflict_is_failure::ABOUT,
    stops_strangers::ABOUT,
    refused_is_final::ABOUT,
    two_composites::ABOUT,
    starts_again_on_timeout::ABOUT,
    strict_fields::ABOUT,
    believes_room_finished::ABOUT,
    acks_first::ABOUT,
    last_word_wins::ABOUT,
    dedupes_by_id::ABOUT,
    believes_every_end::ABOUT,
    no_lease::ABOUT,
    starts_over::ABOUT,
    in_memory_lock::ABOUT,
    no_replacement::ABOUT,
    trusts_webhooks::ABOUT,
    restarts_after_start_timeout::ABOUT,
    never_gives_up::ABOUT,
    never_stops::ABOUT,
    wrong_bucket::ABOUT,
    records_none::ABOUT,
    misses_late_tracks::ABOUT,
    records_all::ABOUT,
    publishes_early::ABOUT,
    predicts_key::ABOUT,
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
    failed_is_empty::ABOUT,
    waits_for_uploads::ABOUT,
    list_is_archive::ABOUT,
    forgets_a_bucket::ABOUT,
    ignores_batch_errors::ABOUT,
    trusts_inventory::ABOUT,
    gives_up_on_locked::ABOUT,
    timeout_is_done::ABOUT,
    no_retry_on_slow_down::ABOUT,
    ignores_backup::ABOUT,
    single_pass::ABOUT,
    no_head::ABOUT,
    denied_is_gone::ABOUT,
    marker_is_gone::ABOUT,
    prefix_sweep::ABOUT,
    keeps_links::ABOUT,
    row_at_end::ABOUT,
    old_rows::ABOUT,
    phantom_stored::ABOUT,
    never_looks::ABOUT,
    trusts_complete::ABOUT,
    audit_first::ABOUT,
    locked_is_deleted::ABOUT,
    no_audit_of_holds::ABOUT,
    audit_once_lost::ABOUT,
    trusts_unsigned::ABOUT,
    slow_handler::ABOUT,
    never_reconciles::ABOUT,
    publishes_last::ABOUT,
    retries_forever::ABOUT,
    ignores_body_hash::ABOUT,
    accepts_expired::ABOUT,
    panics::ABOUT,
    strict_events::ABOUT,
    spins::ABOUT,
    hoards_memory::ABOUT,
    recurses::ABOUT,
];

/// The broken operator of this name.
pub fn make(name: &str, desk: Desk) -> Option<Box<dyn Steps>> {
    let sound = Reference(desk);
    let steps: Box<dyn Steps> = match name {
        "track-for-compliance" => Box::new(track_for_compliance::TrackForCompliance(sound)),
        "strict-fields" => Box::new(strict_fields::StrictFields(sound)),
        "believes-room-finished" => Box::new(believes_room_finished::BelievesRoomFinished(sound)),
        "acks-first" => Box::new(acks_first::AcksFirst(sound)),
        "two-composites" => Box::new(two_composites::TwoComposites(sound, false)),
        "last-word-wins" => Box::new(last_word_wins::LastWordWins(sound)),
        "dedupes-by-id" => Box::new(dedupes_by_id::DedupesById(sound, String::new())),
        "believes-every-end" => Box::new(believes_every_end::BelievesEveryEnd(sound)),
        "no-lease" => Box::new(no_lease::NoLease(sound)),
        "starts-over" => Box::new(starts_over::StartsOver(sound)),
        "in-memory-lock" => Box::new(in_memory_lock::InMemoryLock(sound, BTreeSet::new())),
        "no-replacement" => Box::new(no_replacement::NoReplacement(sound)),
        "trusts-webhooks" => Box::new(trusts_webhooks::TrustsWebhooks(sound)),
        "restarts-after-start-timeout" => Box::new(restarts_after_start_timeout::RestartsAfterStartTimeout(sound)),
        "never-gives-up" => Box::new(never_gives_up::NeverGivesUp(sound)),
        "never-stops" => Box::new(never_stops::NeverStops(sound)),
        "wrong-bucket" => Box::new(wrong_bucket::WrongBucket(sound)),
        "records-none" => Box::new(records_none::RecordsNone(sound)),
        "misses-late-tracks" => Box::new(misses_late_tracks::MissesLateTracks(sound, String::new())),
        "records-all" => Box::new(records_all::RecordsAll(sound)),
        "publishes-early" => Box::new(publishes_early::PublishesEarly(sound)),
        "predicts-key" => Box::new(predicts_key::PredictsKey(sound)),
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
        "failed-is-empty" => Box::new(failed_is_empty::FailedIsEmpty(sound)),
        "waits-for-uploads" => Box::new(waits_for_uploads::WaitsForUploads(sound)),
        "list-is-archive" => Box::new(list_is_archive::ListIsArchive(sound)),
        "forgets-a-bucket" => Box::new(forgets_a_bucket::ForgetsABucket(sound)),
        "ignores-batch-errors" => Box::new(ignores_batch_errors::IgnoresBatchErrors(sound)),
        "trusts-inventory" => Box::new(trusts_inventory::TrustsInventory(sound)),
        "gives-up-on-locked" => Box::new(gives_up_on_locked::GivesUpOnLocked(sound)),
        "ignores-backup" => Box::new(ignores_backup::IgnoresBackup(sound)),
        "single-pass" => Box::new(single_pass::SinglePass(sound)),
        "no-head" => Box::new(no_head::NoHead(sound)),
        "marker-is-gone" => Box::new(marker_is_gone::MarkerIsGone(sound)),
        "prefix-sweep" => Box::new(prefix_sweep::PrefixSweep(sound)),
        "keeps-links" => Box::new(keeps_links::KeepsLinks(sound)),
        "row-at-end" => Box::new(row_at_end::RowAtEnd(sound)),
        "old-rows" => Box::new(old_rows::OldRows(sound)),
        "phantom-stored" => Box::new(phantom_stored::PhantomStored(sound)),
        "never-looks" => Box::new(never_looks::NeverLooks(sound)),
        "trusts-complete" => Box::new(trusts_complete::TrustsComplete(sound)),
        "audit-first" => Box::new(audit_first::AuditFirst(sound)),
        "locked-is-deleted" => Box::new(locked_is_deleted::LockedIsDeleted(sound, std::collections::BTreeSet::new())),
        "no-audit-of-holds" => Box::new(no_audit_of_holds::NoAuditOfHolds(sound)),
        "trusts-unsigned" => Box::new(trusts_unsigned::TrustsUnsigned(sound)),
        "slow-handler" => Box::new(slow_handler::SlowHandler(sound)),
        "never-reconciles" => Box::new(never_reconciles::NeverReconciles(sound)),
        "publishes-last" => Box::new(publishes_last::PublishesLast(sound)),
        "retries-forever" => Box::new(retries_forever::RetriesForever(sound)),
        "ignores-body-hash" => Box::new(ignores_body_hash::IgnoresBodyHash(sound)),
        "accepts-expired" => Box::new(accepts_expired::AcceptsExpired(sound)),
        "panics" => Box::new(panics::Panics(sound)),
        "strict-events" => Box::new(strict_events::StrictEvents(sound)),
        "spins" => Box::new(spins::Spins(sound)),
        "hoards-memory" => Box::new(hoards_memory::HoardsMemory(sound, Vec::new())),
        "recurses" => Box::new(recurses::Recurses(sound)),
        "starts-again-on-timeout" => Box::new(starts_again_on_timeout::StartsAgainOnTimeout(sound)),
        "refused-is-final" => Box::new(refused_is_final::RefusedIsFinal(sound)),
        "stops-strangers" => Box::new(stops_strangers::StopsStrangers(sound)),
        "conflict-is-failure" => Box::new(conflict_is_failure::ConflictIsFailure(sound, String::new())),
        "no-retry-on-slow-down" => Box::new(no_retry_on_slow_down::NoRetryOnSlowDown(sound, BTreeSet::new())),
        "timeout-is-done" => Box::new(timeout_is_done::TimeoutIsDone(sound, false)),
        "denied-is-gone" => Box::new(denied_is_gone::DeniedIsGone(sound)),
        "audit-once-lost" => Box::new(audit_once_lost::AuditOnceLost(sound)),
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
            backup_bucket: None,
            config: String::new(),
        };
        for about in OPERATORS {
            assert!(crate::make(about.name, &boot).is_some(), "{}", about.name);
            assert_eq!(about.name == "reference", about.breaks.is_none(), "{}", about.name);
        }
        assert!(crate::make("broken/nothing-of-the-kind", &boot).is_none());
    }
}
