//! Faults of the egress worker's own uploads. `upload.playlist` stands for every upload of the event playlist,
//! `upload.playlist_end` for the last one, which carries ENDLIST.

use crate::fault::{Default, Kind, Parameter};

const EVERY: &[&str] = &["upload.*"];

/// Stored, but not as it was recorded.
pub static DAMAGED: Kind = Kind {
    name: "upload.damaged",
    summary: "What reaches the sink is not what was recorded; the egress ends COMPLETE all the same.",
    source: "egress#519 (0 bytes), egress#531 (segments that no player takes), livekit/egress PR 42 and egress#620 (no ENDLIST).",
    sound_operator: "Looks at sizes and at the playlist's last line before it publishes, and enters what is not whole as failed.",
    on: "upload.file",
    points: EVERY,
    parameters: &[Parameter {
        name: "what",
        summary: "`empty`: no bytes. `corrupt`: as many bytes, but no media; only somebody who decodes them notices. \
                  `no_endlist`: a playlist without ENDLIST, which takes effect only at `upload.playlist_end` and \
                  `upload.live_playlist`.",
        default: Default::OneOf(&["empty", "corrupt", "no_endlist"]),
    }],
};

/// Refused.
pub static FAIL: Kind = Kind {
    name: "upload.fail",
    summary: "The storage fails the worker's upload; nothing is stored. The output then goes to the world's \
              `backup_bucket`; without one, or if that fails too, the egress ends FAILED 400. Of a playlist that is not \
              the last one, and of a manifest, a failure is ignored.",
    source: "egress#954, egress#1044 (502 after all attempts), egress#1045 (checksum refused), egress#329 (parts left \
             behind), egress#549 (backup fails, too).",
    sound_operator: "Starts another egress while the call goes on, keeps a row for what there is, and finds and deletes it in \
                     both buckets, unfinished uploads included.",
    on: "upload.*",
    points: EVERY,
    parameters: &[
        Parameter {
            name: "error",
            summary: "What the storage said; LiveKit puts `S3 upload failed: ` before it.",
            default: Default::Text(
                "operation error S3: PutObject, exceeded maximum number of attempts, 3, https response error \
                 StatusCode: 502, RequestID: , HostID: , api error BadGateway: Bad Gateway",
            ),
        },
        Parameter {
            name: "leftover",
            summary: "What stays behind: nothing, or a multipart upload of the key that is never finished.",
            default: Default::OneOf(&["none", "multipart"]),
        },
        Parameter {
            name: "listed",
            summary: "Whether the playlist that is uploaded last names the segment that failed; at `upload.segment`, \
                      without backup storage.",
            default: Default::OneOf(&["no", "yes"]),
        },
    ],
};

/// Much later than told.
pub static LATE: Kind = Kind {
    name: "upload.late",
    summary: "The worker reports the upload as done, but the object appears in the sink only `by` later, whatever has been \
              deleted meanwhile.",
    source: "LiveKit sets LIMIT_REACHED with its end before it uploads what is left; a replicated bucket lags behind its \
             source in the same way.",
    sound_operator: "Looks again under each recording's prefix before the deletion is due, and deletes what has come since.",
    on: "upload.file",
    points: EVERY,
    parameters: &[Parameter {
        name: "by",
        summary: "From the moment at which it is reported.",
        default: Default::Span("1h"),
    }],
};

/// Told, and not so.
pub static LOST: Kind = Kind {
    name: "upload.lost",
    summary: "The worker takes the upload for done, but nothing reaches the sink; the egress ends COMPLETE all the same.",
    source: "egress#1284 (one failed upload makes all later ones \"succeed\"), livekit#3569 (only two segments came), \
             egress#1254 and egress#828 (written to the worker's own disk).",
    sound_operator: "Looks into the sink before it believes COMPLETE, enters the recording as failed and publishes nothing.",
    on: "upload.*",
    points: EVERY,
    parameters: &[
        Parameter {
            name: "poisons",
            summary: "How much is lost: this one upload, or every later one of the output, too.",
            default: Default::OneOf(&["one", "rest"]),
        },
        Parameter {
            name: "location",
            summary: "What LiveKit tells as its location: a URL as if all was well, a path on the worker's disk, or nothing, \
                      which counts no bytes either.",
            default: Default::OneOf(&["url", "local", "empty"]),
        },
    ],
};

/// Takes long.
pub static SLOW: Kind = Kind {
    name: "upload.slow",
    summary: "The upload takes longer: the egress stays ENDING, and `egress_ended` comes long after `room_finished`.",
    source: "egress#101, egress#364: uploads that took minutes after the stop.",
    sound_operator: "Waits for the end without stopping or starting anything, and does not take ENDING for stored.",
    on: "upload.file",
    points: &["upload.file", "upload.segment"],
    parameters: &[Parameter { name: "by", summary: "By how much.", default: Default::Span("5m") }],
};
