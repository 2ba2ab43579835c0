//! Reports about the operator's own process.

use super::{Report, fault, key};

/// It dies, it is deployed over, it is stopped.
pub static REPORTS: &[Report] = &[
    Report {
        source: "every orchestrator",
        symptom: "The process was killed between asking for something and writing down that it had.",
        shown_by: &[fault("operator.crash", "`on` any call, `effect = \"before\"` or `\"after\"`")],
    },
    Report {
        source: "every orchestrator",
        symptom: "The process was killed inside a webhook's handler, which is then sent again.",
        shown_by: &[fault("operator.crash", "`on = \"webhook.open\"`")],
    },
    Report {
        source: "every orchestrator",
        symptom: "It took minutes until the next one was up.",
        shown_by: &[
            key("[operator].restart", "from the crash to the next incarnation"),
            fault("operator.crash", "beside it"),
        ],
    },
    Report {
        source: "rolling deploys",
        symptom: "The old process and the new one ran at the same time, and both acted.",
        shown_by: &[fault("operator.deploy", ""), key("[operator].instances", "two of them all the time")],
    },
    Report {
        source: "rolled-back deploys",
        symptom: "An older build found what the newer one had written.",
        shown_by: &[fault("operator.deploy", "back to an older operator")],
    },
    Report {
        source: "two replicas behind one address",
        symptom: "Two handlers of one call both decided to start a recording.",
        shown_by: &[key("[operator].instances", "handlers interleave at their calls")],
    },
    Report {
        source: "wasmtime: fuel",
        symptom: "A handler computed for too long and was stopped.",
        shown_by: &[key("[limits].fuel", "for one delivery")],
    },
    Report {
        source: "wasmtime: memory",
        symptom: "All rows were loaded at once, and the memory was full.",
        shown_by: &[key("[limits].memory_bytes", "of one instance")],
    },
    Report {
        source: "rate limits of every API",
        symptom: "One delivery made more calls than it may.",
        shown_by: &[key("[limits].calls_per_delivery", "")],
    },
    Report {
        source: "deletions that are retried for ever",
        symptom: "A nightly clean-up never got done, and each night had more to list than the one before.",
        shown_by: &[
            key("[limits].calls_per_run", "all deliveries together"),
            key("[limits].payload_bytes_per_run", "what they may carry"),
        ],
    },
    Report {
        source: "response limits of every client",
        symptom: "An answer was larger than what the client takes.",
        shown_by: &[key("[limits].host_payload_bytes", "what one call may carry")],
    },
];
