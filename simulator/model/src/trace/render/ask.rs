//! Calls in words: `→ s3.delete_objects rec-eu-1, 12 keys`.

use super::{place, plural, row_state};
use crate::call::{
    ApiCall, AuditAction, AuditOutcome, AuditRecord, Call, Expectation, LogLevel, Precondition, SinkKey, Subject, Write,
};
use crate::egress::redacted_url;
use crate::livekit::{Output, Source, StartEgress};

/// The call as one line.
pub(super) fn line(call: &Call) -> String {
    let words = words(call);
    if words.is_empty() { format!("→ {}", call.name()) } else { format!("→ {} {words}", call.name()) }
}

fn words(call: &Call) -> String {
    match call {
        Call::WebhookRaw { delivery } | Call::WebhookOpen { delivery } => delivery.to_string(),
        Call::StartEgress(request) => start(request),
        Call::StopEgress { egress_id } | Call::InventoryGet { egress_id } | Call::Retract { egress_id } => {
            egress_id.clone()
        }
        Call::ListEgress { room_name, egress_id, active } => list([
            (!egress_id.is_empty()).then(|| egress_id.clone()),
            (!room_name.is_empty()).then(|| format!("room {room_name}")),
            active.then(|| "live ones".into()),
        ]),
        Call::ListRooms { names } => names.join(", "),
        Call::ListParticipants { room } => room.clone(),
        Call::HeadObject { bucket, id } | Call::DeleteObject { bucket, id } => {
            place(bucket, &id.key, id.version_id.as_deref())
        }
        Call::GetObject { bucket, id, range } => {
            let object = place(bucket, &id.key, id.version_id.as_deref());
            match range {
                Some((first, last)) => format!("{object}, bytes {first}-{last}"),
                None => object,
            }
        }
        Call::PutObject { bucket, key, body, .. } => format!("{bucket}/{key}, {} B", body.len()),
        Call::DeleteObjects { bucket, objects, .. } => match objects.as_slice() {
            [one] => place(bucket, &one.key, one.version_id.as_deref()),
            many => format!("{bucket}, {}", plural(many.len(), "key")),
        },
        Call::ListObjectsV2 { bucket, prefix, continuation_token, .. } => {
            let place = format!("{bucket}/{prefix}*");
            if continuation_token.is_some() { format!("{place}, next page") } else { place }
        }
        Call::ListObjectVersions { bucket, prefix, marker, .. } => {
            let place = format!("{bucket}/{prefix}*");
            if marker.is_some() { format!("{place}, next page") } else { place }
        }
        Call::ListMultipartUploads { bucket, prefix } => format!("{bucket}/{prefix}*"),
        Call::AbortMultipartUpload { bucket, key, upload_id } => format!("{bucket}/{key}, upload {upload_id}"),
        Call::GetBucketVersioning { bucket } => bucket.clone(),
        Call::S3(request) => match request.id() {
            Some((key, version)) => place(&request.bucket, key, version),
            None => request.bucket.clone(),
        },
        Call::Commit { writes, preconditions } => some(writes, "write", write)
            .into_iter()
            .chain(some(preconditions, "condition", precondition))
            .collect::<Vec<_>>()
            .join(", if "),
        Call::InventoryScan { tenant, after, .. } => behind(tenant.clone(), after.as_deref()),
        Call::StateGet { key } => key.clone(),
        Call::StateScan { prefix, after, .. } => behind(format!("{prefix}*"), after.as_deref()),
        Call::AuditAppend(records) => audits(records),
        Call::Publish(link) => format!("{} {}", link.egress_id, link.url),
        Call::CheckAlways { name, condition: true, .. } => format!("{name}: holds"),
        Call::CheckAlways { name, condition: false, details } => format!("{name}: does not hold: {details}"),
        Call::CheckSometimes { name, condition } => {
            format!("{name}: {}", if *condition { "happened" } else { "did not happen" })
        }
        Call::Api(call) => api(call),
        Call::Now | Call::Entropy => String::new(),
        Call::SetTimer(timer) => format!("{} at {}", timer.name, timer.at.to_rfc3339()),
        Call::CancelTimer { name } => name.clone(),
        Call::Log { level, message } => {
            let level = match level {
                LogLevel::Debug => "debug",
                LogLevel::Info => "info",
                LogLevel::Warn => "warn",
                LogLevel::Error => "error",
            };
            format!("{level}: {message}")
        }
    }
}

fn start(request: &StartEgress) -> String {
    let what = match &request.source {
        Source::RoomComposite { .. } => format!("room composite of {}", request.room_name),
        Source::Track { track_id } => format!("track {track_id} of {}", request.room_name),
        Source::TrackComposite { audio_track_id, video_track_id } => {
            let ids: Vec<&str> =
                [audio_track_id, video_track_id].into_iter().map(String::as_str).filter(|id| !id.is_empty()).collect();
            format!("tracks {} of {}", ids.join(" and "), request.room_name)
        }
        Source::Participant { identity, .. } => format!("{identity} in {}", request.room_name),
        Source::Web { url, .. } => url.clone(),
        Source::Media(_) => format!("media of {}", request.room_name),
        Source::Unset => format!("nothing of {}", request.room_name),
    };
    let outputs = request.outputs.iter().map(|output| match output {
        Output::File(file) => format!(" → {}/{}", file.s3.bucket, file.filepath),
        Output::Segments(segments) => format!(" → {}/{} (HLS)", segments.s3.bucket, segments.playlist_name),
        Output::Images(images) => format!(" → {}/{} (images)", images.s3.bucket, images.filename_prefix),
        Output::Stream(stream) => {
            let urls: Vec<String> = stream.urls.iter().map(|url| redacted_url(url)).collect();
            format!(" → {}", urls.join(", "))
        }
        Output::Unset => " → nothing".into(),
    });
    outputs.fold(what, |line, output| line + &output)
}

fn api(call: &ApiCall) -> String {
    let urls = |sign: &str, urls: &[String]| {
        urls.iter().fold(String::new(), |all, url| format!("{all} {sign}{}", redacted_url(url)))
    };
    match call {
        ApiCall::UpdateLayout { egress_id, layout } => format!("{egress_id} to {layout}"),
        ApiCall::UpdateStream { egress_id, add_output_urls, remove_output_urls } => {
            let (added, removed) = (urls("+", add_output_urls), urls("-", remove_output_urls));
            format!("{egress_id}{added}{removed}")
        }
        ApiCall::CreateRoom(request) => request.name.clone(),
        ApiCall::DeleteRoom { room } | ApiCall::SendData { room, .. } | ApiCall::UpdateRoomMetadata { room, .. } => {
            room.clone()
        }
        ApiCall::GetParticipant { room, identity }
        | ApiCall::RemoveParticipant { room, identity }
        | ApiCall::UpdateParticipant { room, identity, .. }
        | ApiCall::UpdateSubscriptions { room, identity, .. } => format!("{identity} in {room}"),
        ApiCall::MutePublishedTrack { room, identity, track_sid, muted } => {
            format!("{track_sid} of {identity} in {room} {}", if *muted { "off" } else { "on" })
        }
    }
}

fn list(parts: [Option<String>; 3]) -> String {
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() { "all".into() } else { parts.join(", ") }
}

fn behind(what: String, after: Option<&str>) -> String {
    match after {
        Some(after) => format!("{what}, behind {after}"),
        None => what,
    }
}

/// One thing in words, several as their number; none: none.
fn some<T>(things: &[T], noun: &str, words: fn(&T) -> String) -> Option<String> {
    match things {
        [] => None,
        [one] => Some(words(one)),
        many => Some(plural(many.len(), noun)),
    }
}

fn write(write: &Write) -> String {
    match write {
        Write::PutRow(row) => {
            let key = match &row.key {
                SinkKey::Exact(key) => format!("{}/{key}", row.bucket),
                SinkKey::Prefix(prefix) => format!("{}/{prefix}*", row.bucket),
            };
            format!("row {} {} at {key}", row.egress_id, row_state(row.state))
        }
        Write::DeleteRow(egress_id) => format!("row {egress_id} removed"),
        Write::PutState(key, _) => format!("state {key}"),
        Write::DeleteState(key) => format!("state {key} removed"),
    }
}

fn precondition(precondition: &Precondition) -> String {
    let subject = subject(&precondition.subject);
    match precondition.expect {
        Expectation::Absent => format!("{subject} is absent"),
        Expectation::VersionIs(version) => format!("{subject} has version {version}"),
    }
}

/// A row or a state key.
pub(super) fn subject(subject: &Subject) -> String {
    match subject {
        Subject::Row(egress_id) => format!("row {egress_id}"),
        Subject::State(key) => format!("state {key}"),
    }
}

/// The first record, and how many there are besides.
pub(super) fn audits(records: &[AuditRecord]) -> String {
    match records {
        [] => "nothing".into(),
        [one] => audit(one),
        [first, others @ ..] => format!("{}, and {} more", audit(first), others.len()),
    }
}

fn audit(record: &AuditRecord) -> String {
    let action = match record.action {
        AuditAction::Delete => "delete",
        AuditAction::LegalHold => "legal hold",
        AuditAction::LiftHold => "hold lifted",
        AuditAction::Publish => "publish",
        AuditAction::Retract => "retract",
        AuditAction::RefuseWebhook => "webhook refused",
    };
    let about = match (&record.bucket, &record.key, &record.egress_id) {
        (Some(bucket), Some(key), _) => place(bucket, key, record.version_id.as_deref()),
        (_, _, Some(egress_id)) => egress_id.clone(),
        _ => record.tenant.clone(),
    };
    let outcome = match &record.outcome {
        AuditOutcome::Done => "done".into(),
        AuditOutcome::Refused(code) => format!("refused, {code}"),
        AuditOutcome::Failed(code) => format!("failed, {code}"),
    };
    if about.is_empty() { format!("{action}: {outcome}") } else { format!("{action} {about}: {outcome}") }
}
