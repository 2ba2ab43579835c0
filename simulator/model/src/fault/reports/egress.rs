//! Reports about the life of an egress.

use super::{Report, Shown, fault, key};

/// In order of an egress's life.
pub static REPORTS: &[Report] = &[
    Report {
        source: "egress#862",
        symptom: "An egress in status 0 was taken for one that does not run; stopping it at once went wrong.",
        shown_by: &[
            fault("egress.slow_start", ""),
            Shown::Always("a stop while STARTING makes it ABORTED with code 412"),
        ],
    },
    Report {
        source: "egress#837",
        symptom: "A track egress has no file name when it starts.",
        shown_by: &[Shown::Always("the FileInfo of a track egress is empty until it is ACTIVE")],
    },
    Report {
        source: "egress#384, egress#647",
        symptom: "The room was deleted while the worker connected, or the worker's pipeline did not come up: STARTING for ever.",
        shown_by: &[fault("egress.stuck", "`on = \"egress.start\"`")],
    },
    Report {
        source: "egress#827, egress#896, egress#911, egress#734, agents#3318",
        symptom: "ABORTED with `Start signal not received`: once in a thousand times for some, always for others.",
        shown_by: &[fault("egress.abort", "`on = \"egress.start\"`")],
    },
    Report {
        source: "egress#819, egress#345, egress#458",
        symptom: "The start was accepted, and seconds later the egress had failed: the worker could not reach the server, or its key was wrong.",
        shown_by: &[fault("egress.abort", "`on = \"egress.start\"`, with the error of a signal connection")],
    },
    Report {
        source: "livekit egress: STARTING to FAILED or ABORTED",
        symptom: "An egress fails before it was ever ACTIVE: there is an id, and there will be no file.",
        shown_by: &[fault("egress.abort", "`on = \"egress.start\"`")],
    },
    Report {
        source: "livekit egress, config/output_file.go and its like",
        symptom: "The egress was tried a second time, and its outputs have other names than those that were asked for.",
        shown_by: &[fault("egress.retried", "")],
    },
    Report {
        source: "egress#956, egress#466",
        symptom: "A placeholder stood literally in the object's name.",
        shown_by: &[fault("egress.literal_name", "")],
    },
    Report {
        source: "livekit#1717",
        symptom: "The worker was restarted; ListEgress showed its egress as active for ever, and no stop had any effect.",
        shown_by: &[fault("egress.stuck", "`on = \"egress.active\"`; StopEgress answers 408")],
    },
    Report {
        source: "egress#143",
        symptom: "The participant had left and the socket was closed, but the egress stayed ACTIVE.",
        shown_by: &[
            fault("egress.stuck", "`on = \"egress.active\"`: nothing is recorded any more"),
            fault("egress.outlives_room", "it goes on recording"),
        ],
    },
    Report {
        source: "egress#287, egress#210",
        symptom: "The connection dropped for a moment, the page took that for the end, and the recording was COMPLETE after seconds.",
        shown_by: &[fault("egress.ends_early", "`reason = \"source_closed\"`")],
    },
    Report {
        source: "suitenumerique/meet#1448, suitenumerique/meet#1391, suitenumerique/meet#1506, suitenumerique/meet#1688, pocketpaw#1186",
        symptom: "The application knew of no end but the one that it had asked for: FAILED, ABORTED or an early COMPLETE left its row \
                  `active` and the room locked.",
        shown_by: &[
            fault("egress.fail", ""),
            fault("egress.abort", ""),
            fault("egress.ends_early", ""),
            fault("egress.limit_reached", ""),
        ],
    },
    Report {
        source: "egress#1247, egress#1265, egress#942, egress#961",
        symptom: "The worker was killed for its CPU: FAILED with the file in the bucket, or drained and COMPLETE.",
        shown_by: &[
            fault("egress.fail", "`reason = \"cpu_exhausted\"`"),
            fault("egress.ends_early", "`reason = \"cpu_exhausted\"` or `\"process_killed\"`"),
        ],
    },
    Report {
        source: "egress#1270",
        symptom: "The worker lost the room: older ones ended COMPLETE and too short, newer ones end FAILED 503 and keep what they have.",
        shown_by: &[
            fault("egress.fail", "`reason = \"room_connection\"`"),
            fault("egress.ends_early", "`reason = \"source_closed\"`"),
        ],
    },
    Report {
        source: "egress#572, egress#599",
        symptom: "A worker that had run for days grew until it took nothing any more, or what it ran was killed for its memory.",
        shown_by: &[
            fault("egress.fail", "`reason = \"oom\"`"),
            fault("livekit.refused", "`at` and `for`: from then on no start is taken"),
        ],
    },
    Report {
        source: "livekit egress: FAILED keeps what was uploaded",
        symptom: "An egress fails in the middle, and its first segments stay in the bucket.",
        shown_by: &[fault("egress.fail", "on an HLS")],
    },
    Report {
        source: "livekit egress, pipeline/controller.go",
        symptom: "LIMIT_REACHED is told at once, and uploads go on behind it.",
        shown_by: &[fault("egress.limit_reached", "")],
    },
    Report {
        source: "egress#815, livekit#3680",
        symptom: "The recording went on when the room was over: hours of an empty page.",
        shown_by: &[fault("egress.outlives_room", "")],
    },
    Report {
        source: "egress#158, egress#887, livekit#1087",
        symptom: "The stop led to `pipeline frozen`, and the recording was lost.",
        shown_by: &[fault("egress.abort", "`on = \"egress.ending\"`, `delay = \"30s\"`")],
    },
    Report {
        source: "egress#1336",
        symptom: "One image could not be uploaded, and the egress stayed ENDING for ever.",
        shown_by: &[fault("egress.stuck", "`on = \"egress.ending\"`")],
    },
    Report {
        source: "egress#1101, egress#1191",
        symptom: "The last seconds are missing, above all when the room is deleted.",
        shown_by: &[fault("egress.cut_short", "")],
    },
    Report {
        source: "egress#809",
        symptom: "COMPLETE, but the file's result has no end and a hugely negative duration.",
        shown_by: &[fault("egress.poor_result", "the negative duration")],
    },
    Report {
        source: "node-sdks#625, php#22",
        symptom: "COMPLETE with an empty file_results; only the deprecated field had the file.",
        shown_by: &[fault("egress.poor_result", "without results")],
    },
    Report {
        source: "egress#952, sip#478, agents#3197",
        symptom: "The file is complete, but one participant is silent from the first minute on.",
        shown_by: &[Shown::Hidden(
            "status, sizes and keys are those of a good recording; only somebody who decodes the media can tell, and an operator does not",
        )],
    },
    Report {
        source: "egress#853",
        symptom: "Segments were three seconds long though four were asked for, and played too fast.",
        shown_by: &[Shown::Hidden(
            "names, number and playlist are consistent with each other; that the media in them runs otherwise only a player tells",
        )],
    },
    Report {
        source: "livekit server, redisstore.go: ended egresses are swept after 24 hours",
        symptom: "ListEgress does not know an egress that ended yesterday.",
        shown_by: &[key("[world].info_retention", "how long LiveKit remembers; `\"0s\"`: not at all")],
    },
    Report {
        source: "S3: the last writer wins",
        symptom: "Two egresses were given the same path, and one recording lies over the other.",
        shown_by: &[Shown::Always(
            "an egress stores under the names that the operator asks for; a second one with the same names overwrites the first",
        )],
    },
];
