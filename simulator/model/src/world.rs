//! The loop: events in order of time, one after another, and the operator's calls among them.

use std::rc::Rc;

use crate::operator::Host;
use crate::property::{About, Property, Verdict};
use crate::scenario::Scenario;
use crate::time::Time;
use crate::trace::{TraceHash, Witness};

/// What a run is made of.
pub struct Run<'a> {
    /// The scenario.
    pub scenario: Rc<Scenario>,
    /// The operator.
    pub host: &'a dyn Host,
    /// What is promised.
    pub properties: Vec<Box<dyn Property>>,
    /// Sees every record.
    pub witness: Option<&'a mut dyn Witness>,
    /// Called now and then with the share of the run's virtual time that is over, in thousandths.
    pub progress: Option<&'a mut dyn FnMut(u64)>,
}

/// What a run came to.
#[derive(Debug)]
pub struct Outcome {
    /// The hash over all records.
    pub trace_hash: TraceHash,
    /// The hash after each so many records.
    pub checkpoints: Vec<TraceHash>,
    /// Records of the trace.
    pub events: u64,
    /// The run's last moment.
    pub ended_at: Time,
    /// Each property with what it found, in order of `Run::properties`, and behind them the author's own checks.
    pub properties: Vec<(PropertyName, Verdict)>,
    /// How often each fault of the scenario struck, in its order.
    pub faults_fired: Vec<u64>,
    /// Counts of the report.
    pub counts: Counts,
}

/// Whose verdict it is.
#[derive(Clone, Debug)]
pub enum PropertyName {
    /// A property.
    Property(&'static About),
    /// `check.always` of the operator's author, as `custom.NAME`.
    Custom(String),
}

impl PropertyName {
    /// As reports spell it.
    pub fn id(&self) -> &str {
        match self {
            PropertyName::Property(about) => about.id,
            PropertyName::Custom(id) => id,
        }
    }
}

/// `counts` of the JSON report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Counts {
    /// Calls of the scenario that started.
    pub calls: u64,
    /// Egresses.
    pub egresses: u64,
    /// Deliveries answered.
    pub webhooks: u64,
    /// Calls through the seam.
    pub host_calls: u64,
    /// Keys that were ever stored.
    pub objects_put: u64,
    /// Keys that lost their current version by a delete.
    pub objects_deleted: u64,
    /// Keys with a current version at the end.
    pub objects_live: u64,
    /// Versions and markers at the end.
    pub versions_live: u64,
    /// HEAD requests.
    pub heads: u64,
    /// Audit records.
    pub audit_records: u64,
    /// Incarnations of the operator.
    pub incarnations: u64,
}

impl Run<'_> {
    /// Runs the scenario to its end.
    ///
    /// # Panics
    /// On a bug of ours, with scenario, seed and event number.
    pub fn go(self) -> Outcome {
        unimplemented!()
    }
}
