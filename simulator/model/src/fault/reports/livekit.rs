//! Reports about calls to LiveKit's API.

use super::{Report, fault, key};

/// Refused, unknown, late.
pub static REPORTS: &[Report] = &[
    Report {
        source: "egress#739, egress#604, egress#720, egress#747, egress#880, egress#912, livekit#2362",
        symptom: "The start was refused with 503 `no response from servers`, sometimes only after twenty seconds.",
        shown_by: &[
            fault("livekit.refused", "`wait = \"22s\"`"),
            fault("livekit.timeout", "`effect = \"before\"`: the client gave up first"),
        ],
    },
    Report {
        source: "livekit server: no worker, or no quota",
        symptom: "An egress is refused at once, and nothing runs.",
        shown_by: &[fault("livekit.refused", "`code = \"unavailable\"` or `\"resource_exhausted\"`")],
    },
    Report {
        source: "agents#2298, egress#912",
        symptom: "The first recordings ran; later starts were ignored or answered 503.",
        shown_by: &[key("[world].egress_capacity", "how many egresses run at the same time")],
    },
    Report {
        source: "egress#580, livekit-cli#277",
        symptom: "The start timed out with 408, and yet a worker was recording: an egress that nobody knows of.",
        shown_by: &[fault("livekit.timeout", "`on = \"livekit.start_egress\"`, `effect = \"after\"`")],
    },
    Report {
        source: "LiveKit's SDKs: a request that was answered 5xx goes to another region",
        symptom: "One start became two egresses.",
        shown_by: &[fault(
            "livekit.timeout",
            "`on = \"livekit.start_egress\"`, `effect = \"after\"`, and an operator that starts again",
        )],
    },
    Report {
        source: "livekit#2903, kotlin#71, livekit#3788",
        symptom: "The stop of a live egress was answered 503 or 408, and worked on the next try.",
        shown_by: &[
            fault("livekit.refused", "`on = \"livekit.stop_egress\"`"),
            fault("livekit.timeout", "`on = \"livekit.stop_egress\"`"),
        ],
    },
    Report {
        source: "livekit#3657, livekit#2087",
        symptom: "The start said that the room did not exist while its participants could be listed.",
        shown_by: &[fault("livekit.refused", "`on = \"livekit.start_egress\"`, `code = \"not_found\"`")],
    },
    Report {
        source: "workadventure#6006",
        symptom: "egress_started came before StartEgress had returned the id that it speaks of.",
        shown_by: &[fault("livekit.slow", "`on = \"livekit.start_egress\"`")],
    },
    Report {
        source: "every deployment",
        symptom: "LiveKit's API could not be reached for a while.",
        shown_by: &[fault("livekit.unreachable", "`at` and `for`")],
    },
];
