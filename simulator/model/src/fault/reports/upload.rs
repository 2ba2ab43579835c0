//! Reports about what the egress worker stores.

use super::{Report, fault, key};

/// Refused, lost, damaged, late.
pub static REPORTS: &[Report] = &[
    Report {
        source: "egress#329",
        symptom: "A multipart upload to R2 failed, the worker's folder was removed, and the recording was gone.",
        shown_by: &[fault("upload.fail", "`leftover = \"multipart\"`: the parts stay in the bucket")],
    },
    Report {
        source: "egress#1044, egress#954",
        symptom: "PutObject failed after all attempts, with a 502 and a page of HTML; the egress was FAILED.",
        shown_by: &[fault("upload.fail", "")],
    },
    Report {
        source: "egress#1045, livekit#4467",
        symptom: "A store that is almost S3 refused the checksum: XAmzContentSHA256Mismatch.",
        shown_by: &[fault("upload.fail", "`error` with that text")],
    },
    Report {
        source: "livekit#3131",
        symptom: "The bucket's name was put before an endpoint of one's own, and that host does not resolve.",
        shown_by: &[fault("upload.fail", "`error` with the DNS message; every upload, by `for`")],
    },
    Report {
        source: "egress#685",
        symptom: "The egress ended with `stat …: no such file or directory`, and there was no object.",
        shown_by: &[fault("upload.fail", "`error` with that text")],
    },
    Report {
        source: "egress#549",
        symptom: "The primary storage failed, and the backup too; the error has two lines.",
        shown_by: &[
            fault("upload.fail", "`count = 2` on one file: the second strike hits the backup"),
            key("[world].backup_bucket", "the backup storage"),
        ],
    },
    Report {
        source: "livekit egress, uploader.go: after the first failure all later files go to the backup",
        symptom: "One recording lies in two buckets, the first half here, the second there.",
        shown_by: &[
            fault("upload.fail", "`on = \"upload.segment\"`, `nth` in the middle of an HLS"),
            key("[world].backup_bucket", "where the rest goes"),
        ],
    },
    Report {
        source: "livekit egress, segments.go: FAILED, and a playlist that names a segment which is not there",
        symptom: "The playlist in the bucket names a segment that could not be uploaded.",
        shown_by: &[fault("upload.fail", "`on = \"upload.segment\"`, `listed = \"yes\"`")],
    },
    Report {
        source: "egress#1254, egress#828",
        symptom: "The storage's configuration was ignored; the file went to the worker's own disk.",
        shown_by: &[
            fault("upload.lost", "`location = \"local\"`"),
            fault("upload.fail", "`error` with `mkdir …: permission denied`"),
        ],
    },
    Report {
        source: "egress#1284",
        symptom: "One upload failed, and from then on every upload `succeeded` without storing anything; the egress was COMPLETE.",
        shown_by: &[fault("upload.lost", "`on = \"upload.playlist\"`, `poisons = \"rest\"`, `location = \"empty\"`")],
    },
    Report {
        source: "livekit#3569",
        symptom: "The playlist and the first two segments were in the bucket and nothing else, while an MP4 was fine.",
        shown_by: &[fault("upload.lost", "`on = \"upload.segment\"`, `nth = 3`, `poisons = \"rest\"`")],
    },
    Report {
        source: "livekit egress, segments.go: a full queue loses a segment while recording goes on",
        symptom: "One segment in the middle is missing.",
        shown_by: &[fault("upload.lost", "`on = \"upload.segment\"`, `nth` in the middle")],
    },
    Report {
        source: "livekit egress: the manifest's upload may fail without anybody being told",
        symptom: "There is no manifest beside the recording.",
        shown_by: &[fault("upload.lost", "`on = \"upload.manifest\"`")],
    },
    Report {
        source: "egress#519",
        symptom: "The file has no bytes.",
        shown_by: &[
            fault("upload.damaged", "`what = \"empty\"`"),
            fault("egress.abort", "the variant that ends ABORTED"),
        ],
    },
    Report {
        source: "livekit egress: segments",
        symptom: "A segment of an HLS has no bytes.",
        shown_by: &[fault("upload.damaged", "`on = \"upload.segment\"`, `what = \"empty\"`")],
    },
    Report {
        source: "egress#531",
        symptom: "Some segments are corrupt: their audio has no parameters, and players stop there.",
        shown_by: &[fault("upload.damaged", "`on = \"upload.segment\"`, `what = \"corrupt\"`")],
    },
    Report {
        source: "egress#42, egress#620",
        symptom: "The playlist's last upload and its ENDLIST were in a race: the stored playlist has no end, or the egress is FAILED.",
        shown_by: &[
            fault("upload.damaged", "`on = \"upload.playlist_end\"`, `what = \"no_endlist\"`"),
            fault("upload.fail", "`on = \"upload.playlist_end\"`: the one that is FAILED"),
        ],
    },
    Report {
        source: "livekit egress, m3u8/writer.go: ENDLIST is written on closing only",
        symptom: "The stored playlist is behind the segments that are there.",
        shown_by: &[
            fault("upload.late", "`on = \"upload.playlist_end\"`"),
            fault("upload.lost", "`on = \"upload.playlist_end\"`"),
        ],
    },
    Report {
        source: "egress#101",
        symptom: "The upload took minutes when the egress had been stopped.",
        shown_by: &[fault("upload.slow", ""), key("[world].upload_bytes_per_second", "a slow line for all of them")],
    },
    Report {
        source: "egress#364",
        symptom: "egress_ended came after room_finished, several at once.",
        shown_by: &[fault("upload.slow", "long enough for the room to be over")],
    },
    Report {
        source: "livekit egress: a drained worker finishes its queue",
        symptom: "An object appeared after COMPLETE, and after everything of the tenant had been deleted.",
        shown_by: &[fault("upload.late", "`by` past the deletion")],
    },
];
