//! Replies in words: `← 200, 1 error: SlowDown acme-1/a.mp4`.

use super::{ask, bytes, place, plural};
use crate::call::s3::answer::{CUT_SHORT, S3Answer};
use crate::call::{Call, CallError, CommitOutcome, HeadResult, Refusal, Reply, StoredRow, Versioning};
use crate::livekit::EgressInfo;

/// The reply as one line.
pub(super) fn line(call: &Call, reply: &Reply) -> String {
    format!("← {}", words(call, reply))
}

/// Whether it says more than that the call worked. A failure always does, and so does what a deletion is judged by.
pub(super) fn is_notable(reply: &Reply) -> bool {
    match reply {
        Reply::Opened(opened) => opened.is_err(),
        Reply::Done(Ok(()))
        | Reply::Egress(Ok(_))
        | Reply::Put(Ok(_))
        | Reply::Deleted(Ok(_))
        | Reply::Commit(Ok(CommitOutcome::Committed(_)))
        | Reply::Row(Ok(_))
        | Reply::Rows(Ok(_))
        | Reply::State(Ok(_))
        | Reply::States(Ok(_))
        | Reply::Versioning(Ok(_))
        | Reply::Raw { .. }
        | Reply::Now(_)
        | Reply::Entropy(_)
        | Reply::Nothing => false,
        Reply::DeleteResult(Ok(result)) => !result.errors.is_empty(),
        Reply::S3(answer) => matches!(**answer, Err(_) | Ok(S3Answer::CutShort(_))),
        _ => true,
    }
}

fn words(call: &Call, reply: &Reply) -> String {
    match reply {
        Reply::Raw { body, .. } => format!("{} B of body", body.len()),
        Reply::Opened(Ok(event)) => {
            let status = event.egress_info.as_ref().map(|info| format!(", {}", egress(info)));
            format!("{}{}", event.event, status.unwrap_or_default())
        }
        Reply::Opened(Err(refusal)) => format!("not authentic: {}", refusal_words(*refusal)),
        Reply::Egress(result) => or_error(result, |info| format!("200, {}", egress(info))),
        Reply::EgressList(result) => or_error(result, |infos| match infos.as_slice() {
            [one] => format!("200, {}", egress(one)),
            many => format!("200, {} egresses", many.len()),
        }),
        Reply::Rooms(result) => or_error(result, |rooms| format!("200, {}", plural(rooms.len(), "room"))),
        Reply::Room(result) => or_error(result, |room| format!("200, {}", room.name)),
        Reply::Participant(result) => or_error(result, |found| format!("200, {}", found.identity)),
        Reply::Track(result) => or_error(result, |track| format!("200, {}", track.sid)),
        Reply::Participants(result) => or_error(result, |found| format!("200, {}", plural(found.len(), "participant"))),
        Reply::Head(result) => {
            let answer = or_error(result, |head| match head {
                HeadResult::Found(head) => format!("200, {}", bytes(head.size)),
                HeadResult::NotFound { delete_marker: true } => "404 under a delete marker".into(),
                HeadResult::NotFound { delete_marker: false } => "404".into(),
            });
            // In a story the reply stands without its call.
            let Call::HeadObject { bucket, id } = call else { return answer };
            format!("HEAD {}: {answer}", place(bucket, &id.key, id.version_id.as_deref()))
        }
        Reply::Object(result) => or_error(result, |(_, body)| format!("200, {}", bytes(body.len() as u64))),
        Reply::Put(result) => or_error(result, |_| "200".into()),
        Reply::Deleted(result) => {
            or_error(result, |deleted| if deleted.delete_marker { "204, a delete marker".into() } else { "204".into() })
        }
        Reply::DeleteResult(result) => or_error(result, |result| {
            let asked =
                if let Call::DeleteObjects { objects, .. } = call { objects.len() } else { result.deleted.len() };
            match result.errors.as_slice() {
                [] => format!("200, {} deleted", plural(asked, "key")),
                [first, ..] => {
                    format!("200, {}: {} {}", plural(result.errors.len(), "error"), first.code, first.key)
                }
            }
        }),
        Reply::Objects(result) => or_error(result, |page| {
            let more = if page.next_continuation_token.is_some() { ", more follow" } else { "" };
            format!("200, {}{more}", plural(page.contents.len(), "key"))
        }),
        Reply::Versions(result) => or_error(result, |page| {
            let more = if page.next.is_some() { ", more follow" } else { "" };
            format!("200, {}{more}", plural(page.versions.len(), "version"))
        }),
        Reply::Uploads(result) => or_error(result, |uploads| format!("200, {}", plural(uploads.len(), "upload"))),
        Reply::Versioning(result) => or_error(result, |versioning| {
            let word = match versioning {
                Versioning::Unversioned => "unversioned",
                Versioning::Enabled => "versioned",
                Versioning::Suspended => "versioning suspended",
            };
            format!("200, {word}")
        }),
        Reply::Commit(result) => or_error(result, |outcome| match outcome {
            CommitOutcome::Committed(revision) => format!("committed, revision {revision}"),
            CommitOutcome::Conflict(subject) => format!("conflict: {} is not as expected", ask::subject(subject)),
        }),
        Reply::Row(result) => or_error(result, |found| found.as_ref().map_or_else(|| "no row".into(), row)),
        Reply::Rows(result) => or_error(result, |rows| plural(rows.len(), "row")),
        Reply::State(result) => or_error(result, |found| {
            found.as_ref().map_or_else(|| "no such key".into(), |entry| format!("version {}", entry.version))
        }),
        Reply::States(result) => {
            or_error(result, |entries| plural(entries.len(), "entry").replace("entrys", "entries"))
        }
        Reply::Done(result) => or_error(result, |()| "ok".into()),
        Reply::Now(now) => now.to_rfc3339(),
        Reply::Entropy(number) => format!("{number:016x}"),
        Reply::Nothing => "ok".into(),
        Reply::S3(answer) => match &**answer {
            Ok(S3Answer::CutShort(_)) => format!("200, but {CUT_SHORT}"),
            Ok(_) => "200".into(),
            Err(failure) => or_error::<()>(&Err(failure.error.clone()), |()| String::new()),
        },
    }
}

fn or_error<T>(result: &Result<T, CallError>, good: impl FnOnce(&T) -> String) -> String {
    match result {
        Ok(value) => good(value),
        Err(CallError::Rejected(no)) if no.message.is_empty() => format!("{} {}", no.status, no.code),
        Err(CallError::Rejected(no)) => format!("{} {}: {}", no.status, no.code, no.message),
        Err(CallError::NotSent(why)) => format!("not sent: {why}"),
        Err(CallError::OutcomeUnknown(why)) => format!("no answer, outcome unknown: {why}"),
    }
}

fn egress(info: &EgressInfo) -> String {
    format!("{} {}", info.egress_id, info.status.as_str_name())
}

fn row(stored: &StoredRow) -> String {
    format!("row {} {}, version {}", stored.row.egress_id, super::row_state(stored.row.state), stored.version)
}

const fn refusal_words(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::MissingAuthorization => "no Authorization header",
        Refusal::MalformedToken => "its token is malformed",
        Refusal::UnknownApiKey => "its API key is not ours",
        Refusal::BadSignature => "it is signed with another secret",
        Refusal::Expired => "its token has expired",
        Refusal::BodyMismatch => "its body is not the one that was signed",
        Refusal::MalformedBody => "its body is no webhook event",
    }
}
