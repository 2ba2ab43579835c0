//! What one run covered: watches it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use egress_sim_model::call::{Call, CallError, CommitOutcome, ObjectId, Order, Reply};
use egress_sim_model::fault::{Fault, points};
use egress_sim_model::livekit::{EgressInfo, EgressStatus, Output};
use egress_sim_model::property::Verdict;
use egress_sim_model::scenario::Scenario;
use egress_sim_model::sink::lock::PROTECTED;
use egress_sim_model::state::{EgressIx, State};
use egress_sim_model::time::Time;
use egress_sim_model::trace::{Fact, Occasion, Witness};
use egress_sim_model::world::{Outcome, PropertyName};

use super::{forms, met};

/// What one run reached, and what it has shown to be possible.
#[derive(Debug, Default)]
pub struct Coverage {
    /// Goals of [`met`] that were reached.
    met: Words,
    /// Statuses that egresses had, and that the operator was told of.
    statuses: BTreeSet<EgressStatus>,
    told_statuses: BTreeSet<EgressStatus>,
    /// Calls that the operator made, and moments that what it started goes through.
    did: Words,
    /// Those calls of them that change something.
    changes: Words,
    /// Faults of the scenario, by place, and the points at which they struck.
    strikes: BTreeSet<(usize, &'static str)>,
    /// Those of them at a call that changes something.
    at_changes: BTreeSet<(usize, &'static str)>,
    /// The author's `sometimes`: whether it ever held.
    sometimes: BTreeMap<String, bool>,
    /// What the scenario and the outcome say. An id may stand here more than once.
    read: Vec<(Id, bool)>,
    watched: Watched,
}

/// What stands in [`super::Hits`] for something that a run has reached. A case has a hundred of them, which are put into words
/// only where they are counted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Id {
    /// A goal of [`met`].
    Met(&'static str),
    /// A status of an egress.
    Status(EgressStatus),
    /// A status that the operator was told of.
    Told(EgressStatus),
    /// What the operator does.
    Did(&'static str),
    /// The author's `sometimes`.
    Sometimes(String),
    /// A promise that was put to the test.
    Checked(&'static str),
    /// Likewise one of the author's own.
    CheckedCustom(String),
    /// A kind of faults.
    Struck(&'static str),
    /// With a word of a parameter.
    StruckWith(&'static str, &'static str, &'static str),
    /// At a point.
    StruckAt(&'static str, &'static str),
    /// At a point, with a word of a parameter.
    StruckAtWith(&'static str, &'static str, &'static str, &'static str),
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Id::Met(id) => f.write_str(id),
            Id::Status(status) => f.write_str(&met::status(*status)),
            Id::Told(status) => f.write_str(&met::told(*status)),
            Id::Did(what) => write!(f, "did/{what}"),
            Id::Sometimes(name) => write!(f, "sometimes/{name}"),
            Id::Checked(id) => write!(f, "checked/{id}"),
            Id::CheckedCustom(id) => write!(f, "checked/{id}"),
            Id::Struck(kind) => write!(f, "fault/{kind}"),
            Id::StruckWith(kind, parameter, word) => write!(f, "fault/{kind}:{parameter}={word}"),
            Id::StruckAt(kind, point) => write!(f, "fault/{kind}@{point}"),
            Id::StruckAtWith(kind, point, parameter, word) => write!(f, "fault/{kind}@{point}:{parameter}={word}"),
        }
    }
}

/// A few words of the program's own. They come by the thousand, and a word is nearly always the very one that came before: it
/// is known by where it lies, without being read. One that lies in two places may stand here twice.
#[derive(Debug, Default)]
struct Words(Vec<&'static str>);

impl Words {
    fn insert(&mut self, word: &'static str) {
        if !self.0.iter().any(|known| std::ptr::eq(*known, word)) {
            self.0.push(word);
        }
    }

    fn contains(&self, word: &str) -> bool {
        self.0.contains(&word)
    }
}

/// What must be remembered from one fact to another.
#[derive(Debug, Default)]
struct Watched {
    /// The calls that instances wait in.
    pending: Vec<(u32, Pending)>,
    /// The last status that a webhook told of an egress.
    last: BTreeMap<Arc<str>, EgressStatus>,
    /// What webhooks told of egresses.
    told: BTreeSet<(Arc<str>, EgressStatus)>,
    /// Egresses whose start was answered.
    answered: BTreeSet<Arc<str>>,
}

#[derive(Clone, Copy, Debug)]
struct Pending {
    /// So many keys.
    deletes: usize,
    starts: bool,
}

impl Watched {
    /// An instance does not wait any more; in what it did.
    fn no_longer(&mut self, instance: u32) -> Option<Pending> {
        let place = self.pending.iter().position(|(waits, _)| *waits == instance)?;
        Some(self.pending.swap_remove(place).1)
    }
}

impl Coverage {
    /// Hands over each id once, with whether it was reached; what was not was shown to be possible.
    pub fn each(&mut self, tell: &mut dyn FnMut(&Id, bool)) {
        let mut ids = std::mem::take(&mut self.read);
        ids.extend(self.met.0.iter().map(|id| (Id::Met(id), true)));
        ids.extend(self.statuses.iter().map(|status| (Id::Status(*status), true)));
        ids.extend(self.told_statuses.iter().map(|status| (Id::Told(*status), true)));
        ids.extend(self.did.0.iter().map(|what| (Id::Did(what), true)));
        ids.extend(self.sometimes.iter().map(|(name, held)| (Id::Sometimes(name.clone()), *held)));
        // Of the same id, that it was reached comes first, and counts.
        ids.sort_unstable_by(|(one, reached), (other, also)| one.cmp(other).then(also.cmp(reached)));
        ids.dedup_by(|(id, _), (known, _)| id == known);
        for (id, reached) in &ids {
            tell(id, *reached);
        }
        self.read = ids;
    }

    /// What the scenario and the outcome say besides.
    pub fn read(&mut self, scenario: &Scenario, outcome: &Outcome) {
        for (place, (fault, fired)) in scenario.faults.iter().zip(&outcome.faults_fired).enumerate() {
            if *fired > 0 {
                self.read_fault(place, fault);
            }
        }
        let checked = |(name, verdict): &(PropertyName, Verdict)| {
            let id = match name {
                PropertyName::Property(about) => Id::Checked(about.id),
                PropertyName::Custom(id) => Id::CheckedCustom(id.clone()),
            };
            (id, verdict.checks > 0)
        };
        self.read.extend(outcome.properties.iter().map(checked));
    }

    fn read_fault(&mut self, place: usize, fault: &Fault) {
        let name = fault.kind.name;
        self.read.push((Id::Struck(name), true));
        for (parameter, word) in forms(fault.kind).filter(|(parameter, word)| fault.text(parameter) == *word) {
            self.read.push((Id::StruckWith(name, parameter, word), true));
        }
        for (_, point) in self.strikes.iter().filter(|(struck, _)| *struck == place) {
            self.read.push((Id::StruckAt(name, point), true));
        }
        let effects: Vec<(&str, &str)> = forms(fault.kind).filter(|(parameter, _)| *parameter == "effect").collect();
        for (_, point) in self.at_changes.iter().filter(|(struck, _)| *struck == place) {
            for (parameter, word) in &effects {
                let id = Id::StruckAtWith(name, point, parameter, word);
                self.read.push((id, fault.text(parameter) == *word));
            }
        }
    }

    fn called(&mut self, instance: u32, call: &Call) {
        self.did.insert(call.name());
        if call.is_mutating() {
            self.changes.insert(call.name());
        }
        let mut pending = Pending { deletes: 0, starts: false };
        match call {
            Call::DeleteObject { id, .. } => {
                pending.deletes = 1;
                self.deletes(std::slice::from_ref(id));
            }
            Call::DeleteObjects { objects, .. } => {
                pending.deletes = objects.len();
                self.deletes(objects);
            }
            Call::ListObjectsV2 { continuation_token: Some(_), .. }
            | Call::ListObjectVersions { marker: Some(_), .. } => {
                self.met.insert("met/page-two");
            }
            Call::StartEgress(request) => {
                pending.starts = true;
                let moments = ["egress.active", "egress.ended", "egress.ending", "egress.start", "sink.stored"];
                let uploads = request.outputs.iter().flat_map(uploads_of);
                moments.into_iter().chain(uploads).for_each(|moment| self.did.insert(moment));
            }
            Call::CheckSometimes { name, condition } => {
                *self.sometimes.entry(name.clone()).or_default() |= condition;
            }
            _ => {}
        }
        self.watched.no_longer(instance);
        if !self.watched.pending.is_empty() {
            self.met.insert("met/two-instances-interleaved");
        }
        self.watched.pending.push((instance, pending));
    }

    fn deletes(&mut self, objects: &[ObjectId]) {
        if objects.iter().any(|object| object.version_id.is_some()) {
            self.met.insert("met/version-deleted");
        }
    }

    fn replied(&mut self, instance: u32, call: &Call, reply: &Reply) {
        self.watched.no_longer(instance);
        if call.is_mutating() && is_unknown(reply) {
            self.met.insert("met/outcome-unknown");
        }
        match reply {
            Reply::DeleteResult(Ok(result)) if !result.errors.is_empty() => {
                self.met.insert("met/batch-with-refusals");
                if result.errors.iter().any(|error| error.message == PROTECTED) {
                    self.met.insert("met/lock-refused");
                }
            }
            Reply::Deleted(Err(CallError::Rejected(refused))) if refused.message == PROTECTED => {
                self.met.insert("met/lock-refused");
            }
            Reply::Commit(Ok(CommitOutcome::Conflict(_))) => {
                self.met.insert("met/commit-conflict");
            }
            Reply::Egress(Ok(info)) => {
                self.watched.answered.insert(Arc::clone(&info.egress_id));
            }
            Reply::EgressList(Ok(list)) => self.told_statuses.extend(list.iter().map(|info| info.status)),
            Reply::Opened(Ok(event)) => {
                if let Some(info) = &event.egress_info {
                    self.opened(info);
                }
            }
            _ => {}
        }
    }

    fn opened(&mut self, info: &EgressInfo) {
        let Watched { last, told, answered, .. } = &mut self.watched;
        let (id, status) = (&info.egress_id, info.status);
        self.told_statuses.insert(status);
        if !answered.contains(id) {
            self.met.insert("met/news-before-answer");
        }
        if last.get(id).is_some_and(|last| status < *last) {
            self.met.insert("met/status-went-back");
            if told.contains(&(Arc::clone(id), status)) {
                self.met.insert("met/duplicate-after-newer-state");
            }
        }
        told.insert((Arc::clone(id), status));
        last.insert(Arc::clone(id), status);
    }

    fn crashed(&mut self, instance: u32) {
        let Some(pending) = self.watched.no_longer(instance) else { return };
        if pending.starts {
            self.met.insert("met/restart-in-start");
        }
        if pending.deletes > 0 {
            self.met.insert("met/restart-in-deletion");
        }
        if pending.deletes > 1 {
            self.met.insert("met/restart-in-batch");
        }
    }

    fn ordered(&mut self, order: &Order, state: &State) {
        let Some(tenant) = state.tenant_named(tenant_of(order)) else { return };
        match order {
            Order::LegalHold(_) => {
                self.met.insert("met/hold-in-force");
            }
            Order::LiftHold(_) if tenant.holds.iter().any(|hold| hold.lifted_at == Some(state.now)) => {
                self.met.insert("met/hold-lifted");
            }
            _ => {}
        }
        if tenant.contract_ended.is_some() && tenant.any_hold() {
            self.met.insert("met/hold-at-contract-end");
        }
    }

    fn changed(&mut self, egress: EgressIx, status: EgressStatus, state: &State) {
        self.statuses.insert(status);
        let egress = state.egress(egress);
        if status == EgressStatus::Active && egress.attempt > 0 && egress.is_composite() {
            self.met.insert("met/two-composites-in-turn");
        }
        let mut objects = egress.objects.iter().map(|object| &object.bucket);
        if !status.is_live() && objects.next().is_some_and(|first| objects.any(|other| other != first)) {
            self.met.insert("met/backup-split");
        }
    }

    fn struck(&mut self, fault: usize, at: &str, within: Option<&str>, state: &State) {
        let named = |name: &str| points().find(|point| *point == name);
        for point in [Some(at), within].into_iter().flatten().filter_map(named) {
            self.strikes.insert((fault, point));
            let has_effect = state.scenario.faults[fault].kind.parameters.iter().any(|own| own.name == "effect");
            if has_effect && self.changes.contains(point) {
                self.at_changes.insert((fault, point));
            }
        }
    }
}

fn tenant_of(order: &Order) -> &str {
    match order {
        Order::ContractEnded(tenant) => tenant,
        Order::LegalHold(hold) | Order::LiftHold(hold) | Order::Playback(hold) => &hold.tenant,
    }
}

/// The uploads that an output is made of.
fn uploads_of(output: &Output) -> Vec<&'static str> {
    let (mut uploads, manifest) = match output {
        Output::File(file) => (vec!["upload.file"], !file.disable_manifest),
        Output::Segments(hls) => {
            let live = (!hls.live_playlist_name.is_empty()).then_some("upload.live_playlist");
            let always = ["upload.segment", "upload.playlist", "upload.playlist_end"];
            (always.into_iter().chain(live).collect(), !hls.disable_manifest)
        }
        Output::Images(images) => (Vec::new(), !images.disable_manifest),
        Output::Stream(_) | Output::Unset => (Vec::new(), false),
    };
    uploads.extend(manifest.then_some("upload.manifest"));
    uploads
}

fn is_unknown(reply: &Reply) -> bool {
    let unknown = |error: &CallError| matches!(error, CallError::OutcomeUnknown(_));
    match reply {
        Reply::Egress(Err(error))
        | Reply::Put(Err(error))
        | Reply::Deleted(Err(error))
        | Reply::DeleteResult(Err(error))
        | Reply::Commit(Err(error))
        | Reply::Done(Err(error)) => unknown(error),
        _ => false,
    }
}

impl Witness for Coverage {
    fn record(&mut self, _at: Time, _sequence: u64, fact: &Fact<'_>, state: &State) {
        match fact {
            Fact::Called { instance, call } => self.called(*instance, call),
            Fact::Replied { instance, call, reply } => self.replied(*instance, call, reply),
            Fact::Crashed { instance } => self.crashed(*instance),
            Fact::Stopped { instance } | Fact::Trapped { instance, .. } => {
                self.watched.no_longer(*instance);
            }
            Fact::WebhookAnswered { attempt: 2.., .. } => {
                self.met.insert("met/webhook-again");
            }
            Fact::WebhookDropped { .. } => {
                self.met.insert("met/webhook-lost");
            }
            Fact::CommandGiven { command } => self.ordered(&command.order, state),
            Fact::EgressChanged { egress, status, .. } => self.changed(*egress, *status, state),
            Fact::FaultStruck { fault, at, within, .. } => self.struck(*fault, at, *within, state),
            Fact::Viewed { occasion, .. } => {
                self.met.insert("met/link-opened");
                if *occasion == Occasion::Command {
                    self.met.insert("met/link-opened-by-order");
                }
            }
            _ => {}
        }
    }
}
