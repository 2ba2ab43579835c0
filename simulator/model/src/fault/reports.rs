//! Reports: what users of the real services met and what the sources say can happen, and what shows it here.
//!
//! Each is a [`Report`]: where it was seen, what somebody saw, and by which faults, by which keys of a scenario, or by
//! the model without any, a run shows the same. What no operator can observe says why. `docs/faults.md` is the table.

pub mod clock;
pub mod egress;
pub mod livekit;
pub mod operator;
pub mod s3;
pub mod store;
pub mod upload;
pub mod webhook;

#[cfg(test)]
mod tests;

/// Something that went wrong for somebody.
#[derive(Debug)]
pub struct Report {
    /// Upstream issues such as `livekit#2308`, or the source or the documentation that says that it can happen.
    pub source: &'static str,
    /// What was seen, in a sentence.
    pub symptom: &'static str,
    /// What shows it here; more than one where it takes them together, or where it has several forms.
    pub shown_by: &'static [Shown],
}

/// How a report is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// A fault of this kind.
    Fault {
        /// `surface.what`
        kind: &'static str,
        /// What its `[[fault]]` block says besides; empty: nothing.
        with: &'static str,
    },
    /// A key of the scenario that is no fault.
    Key {
        /// `[world].info_retention`
        key: &'static str,
        /// Why, or with what value.
        with: &'static str,
    },
    /// The model as it is: LiveKit or S3 behaves so in every run.
    Always(&'static str),
    /// No operator can observe it, for this reason.
    Hidden(&'static str),
}

const fn fault(kind: &'static str, with: &'static str) -> Shown {
    Shown::Fault { kind, with }
}

const fn key(key: &'static str, with: &'static str) -> Shown {
    Shown::Key { key, with }
}

/// The reports about one surface.
#[derive(Debug)]
pub struct Chapter {
    /// The surface, as in `surface.what`.
    pub surface: &'static str,
    /// What it is.
    pub title: &'static str,
    /// Its reports.
    pub reports: &'static [Report],
}

/// Every report, by the surface that it is about, from what sets the operator going to the ground it stands on.
pub static CHAPTERS: &[Chapter] = &[
    Chapter {
        surface: "webhook",
        title: "LiveKit's webhooks, and the way from there to the operator",
        reports: webhook::REPORTS,
    },
    Chapter { surface: "egress", title: "The life of an egress", reports: egress::REPORTS },
    Chapter { surface: "upload", title: "What the egress worker stores", reports: upload::REPORTS },
    Chapter { surface: "livekit", title: "The operator's calls to LiveKit's API", reports: livekit::REPORTS },
    Chapter { surface: "s3", title: "The sink, and the operator's calls to it", reports: s3::REPORTS },
    Chapter { surface: "operator", title: "The operator's own process", reports: operator::REPORTS },
    Chapter {
        surface: "store",
        title: "The operator's durable ports: store, audit, links, timers",
        reports: store::REPORTS,
    },
    Chapter { surface: "clock", title: "The operator's clock", reports: clock::REPORTS },
];

/// Every report that a kind of fault stands for, or helps to show.
pub fn reports_of(kind: &str) -> impl Iterator<Item = &'static Report> {
    let named = move |report: &&Report| {
        report.shown_by.iter().any(|shown| matches!(shown, Shown::Fault { kind: named, .. } if *named == kind))
    };
    CHAPTERS.iter().flat_map(|chapter| chapter.reports).filter(move |report| named(report))
}
