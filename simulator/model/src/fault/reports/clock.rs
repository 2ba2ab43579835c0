//! Reports about the operator's clock.

use super::{Report, Shown, fault, key};

/// Wrong, jumping, coarse; and the calendar.
pub static REPORTS: &[Report] = &[
    Report {
        source: "NTP that does not run",
        symptom: "The operator's clock was minutes away from the server's: tokens were refused, and the contract ended too early.",
        shown_by: &[fault("clock.skew", "")],
    },
    Report {
        source: "virtual machines that were suspended",
        symptom: "The clock jumped forward by an hour.",
        shown_by: &[fault("clock.skew", "`at`, without a window: a jump")],
    },
    Report {
        source: "NTP steps",
        symptom: "The clock jumped back, and what came later had an earlier time.",
        shown_by: &[fault("clock.skew", "backwards, `for`: there and back again")],
    },
    Report {
        source: "LiveKit: WebhookEvent.created_at has seconds",
        symptom: "Two events of one second could not be put in order.",
        shown_by: &[
            fault("clock.coarse", "the operator's own clock has seconds too"),
            Shown::Always("`created_at` of every webhook has seconds"),
        ],
    },
    Report {
        source: "the calendar: 29 February",
        symptom: "A year from the leap day was computed wrongly.",
        shown_by: &[key("[world].start", "`2028-02-29T00:00:00Z`")],
    },
    Report {
        source: "the calendar: daylight saving",
        symptom: "A day had 23 hours, and the contract's end was an hour off.",
        shown_by: &[Shown::Always(
            "time is UTC everywhere and no guest has a time zone; an operator that brings one with it can be run over such a night by `[world].start`",
        )],
    },
];
