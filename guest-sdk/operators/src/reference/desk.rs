//! What one incarnation knows: its configuration, and what it has seen, which only saves calls. All of it may be lost.

use std::collections::{BTreeMap, BTreeSet};

use egress_sim_sdk::{AuditRecord, Boot, Bucket, Cx, Error, Outcome, Result, Room, Row, Tenant, Timer, time};
use serde::Deserialize;

/// Calls that are remembered at most. Beyond that everything is forgotten, and asked for again.
const REMEMBERED: usize = 10_000;

/// See the head of this file.
pub struct Desk {
    tenants: BTreeMap<String, Tenant>,
    backup: Option<Bucket>,
    instance: u32,
    /// `[operator.config]`
    pub config: Config,
    /// By the room's sid; none: nothing is to be recorded.
    plans: BTreeMap<String, Option<Plan>>,
    /// Duties, by their open key, with the egress that sees to each.
    taken: BTreeMap<String, String>,
    /// Sids of calls that are over.
    over: BTreeSet<String>,
    /// When the next round of this instance's timer comes; 0: nobody knows.
    round_at: u64,
    /// A round was to be set, and could not be.
    pub unwatched: bool,
    /// From the last round to that one.
    distance: u64,
    /// The latest time of a timer that has come.
    shown: u64,
    /// When the timer of each tenant's due deletions comes.
    pub due_at: BTreeMap<String, u64>,
    /// What the audit could not be told yet and nobody else has heard, by idempotency key.
    pub untold: BTreeMap<String, AuditRecord>,
}

/// `[operator.config]`; the keys are explained in [`super`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// From one round to the next while something begins or is amiss.
    pub reconcile: u64,
    /// And at most, while all is as it should be.
    pub calm: u64,
    /// And while nothing is.
    pub patrol: Option<u64>,
    /// How long an intent keeps others off.
    pub lease: u64,
    /// How long an egress may be STARTING.
    pub starting: u64,
    /// How long one may be ENDING before somebody asks.
    pub ending: u64,
    /// Recordings of one piece of a sweep.
    pub rows: u32,
    /// Sink calls of one piece of a sweep.
    pub calls: u64,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            reconcile: 10 * time::SECOND,
            calm: 30 * time::SECOND,
            patrol: None,
            lease: 3 * time::SECOND,
            starting: 30 * time::SECOND,
            ending: 10 * time::MINUTE,
            rows: 100,
            calls: 200,
        }
    }
}

/// What a room asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Whose call it is.
    pub tenant: String,
    /// What is to be recorded.
    pub wanted: Wanted,
    /// As HLS, not as one MP4.
    pub hls: bool,
    /// Seconds of one segment.
    pub segment: u32,
}

/// What is to be recorded of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Everybody, in one recording.
    Composite,
    /// Each voice for itself.
    Tracks,
    /// Nothing at all.
    Nothing,
}

#[derive(Deserialize)]
struct Metadata {
    tenant: String,
    recording: String,
    #[serde(default)]
    output: String,
    #[serde(default)]
    segment: u32,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Written {
    reconcile: Option<String>,
    calm: Option<String>,
    patrol: Option<String>,
    lease: Option<String>,
    starting: Option<String>,
    ending: Option<String>,
    rows: Option<u32>,
    calls: Option<u64>,
}

impl Desk {
    /// A desk with nothing on it but the tenants' files.
    pub fn new(boot: &Boot) -> Desk {
        Desk {
            tenants: boot.tenants.iter().map(|tenant| (tenant.name.clone(), tenant.clone())).collect(),
            backup: boot.backup_bucket.clone(),
            instance: boot.instance,
            config: Config::default(),
            plans: BTreeMap::new(),
            taken: BTreeMap::new(),
            over: BTreeSet::new(),
            round_at: 0,
            unwatched: false,
            distance: 0,
            shown: 0,
            due_at: BTreeMap::new(),
            untold: BTreeMap::new(),
        }
    }

    /// Reads the configuration.
    pub fn configure(&mut self, boot: &Boot) -> Outcome {
        self.config = Config::read(&boot.config)?;
        Ok(())
    }

    /// The tenant of this name.
    pub fn tenant(&self, name: &str) -> Option<&Tenant> {
        self.tenants.get(name)
    }

    /// All tenants, in order of their names.
    pub fn tenants(&self) -> impl Iterator<Item = &Tenant> {
        self.tenants.values()
    }

    /// LiveKit's backup storage.
    pub fn backup(&self) -> Option<&str> {
        self.backup.as_ref().map(|bucket| bucket.name.as_str())
    }

    /// The buckets that may hold something of a tenant.
    pub fn buckets_of(&self, tenant: &str) -> BTreeSet<String> {
        let own = self.tenants.get(tenant).map(|tenant| tenant.buckets.as_slice()).unwrap_or_default();
        own.iter().chain(&self.backup).map(|bucket| bucket.name.clone()).collect()
    }

    /// Whether a row's bucket keeps versions.
    pub fn is_versioned(&self, row: &Row) -> bool {
        self.tenants
            .values()
            .flat_map(|tenant| &tenant.buckets)
            .chain(&self.backup)
            .any(|bucket| bucket.versioned && bucket.name == row.bucket)
    }

    /// What a room's metadata says; none where it says nothing that concerns us.
    pub fn read_plan(&self, room: &Room) -> Option<Plan> {
        let metadata: Metadata = serde_json::from_str(&room.metadata).ok()?;
        let wanted = match metadata.recording.as_str() {
            "compliance" => Wanted::Composite,
            "processing" => Wanted::Tracks,
            _ => Wanted::Nothing,
        };
        let hls = metadata.output == "hls";
        let known = self.tenants.contains_key(&metadata.tenant);
        known.then_some(Plan { tenant: metadata.tenant, wanted, hls, segment: metadata.segment })
    }

    /// The plan of a call that was seen before.
    pub fn known_plan(&self, sid: &str) -> Option<&Option<Plan>> {
        self.plans.get(sid)
    }

    /// Remembers a call's plan.
    pub fn know_plan(&mut self, sid: &str, plan: Option<Plan>) {
        if self.plans.len() >= REMEMBERED {
            self.plans.clear();
        }
        self.plans.insert(sid.to_owned(), plan);
    }

    /// Whether an egress is known to see to a duty.
    pub fn is_taken(&self, open_key: &str) -> bool {
        self.taken.contains_key(open_key)
    }

    /// Whether this incarnation has written the row of this egress.
    pub fn has_row(&self, open_key: &str, egress_id: &str) -> bool {
        self.taken.get(open_key).is_some_and(|taken| taken == egress_id)
    }

    /// Remembers which egress sees to a duty.
    pub fn take(&mut self, open_key: String, egress_id: String) {
        if self.taken.len() >= REMEMBERED {
            self.taken.clear();
        }
        self.taken.insert(open_key, egress_id);
    }

    /// Forgets a duty.
    pub fn release(&mut self, open_key: &str) {
        self.taken.remove(open_key);
    }

    /// Whether a call is known to be over.
    pub fn is_over(&self, sid: &str) -> bool {
        self.over.contains(sid)
    }

    /// Remembers that a call is over.
    pub fn call_is_over(&mut self, sid: &str) {
        self.plans.remove(sid);
        if self.over.len() >= REMEMBERED {
            self.over.clear();
        }
        self.over.insert(sid.to_owned());
    }

    /// Sees to it that a round comes within `reconcile`. One that comes sooner is never put off: where much happens there would
    /// be none. So each instance has a timer of its own; with one for all, each could put off what another has set.
    pub fn keep_watch(&mut self, cx: &mut Cx<'_>, now: u64) -> Outcome {
        let now = now.max(self.shown);
        self.distance = self.config.reconcile;
        self.unwatched = true;
        self.round_by(cx, now, now + self.distance)?;
        self.unwatched = false;
        Ok(())
    }

    /// Sees to it that a round comes by then.
    pub fn round_by(&mut self, cx: &mut Cx<'_>, now: u64, at: u64) -> Outcome {
        if now < self.round_at && self.round_at <= at {
            return Ok(());
        }
        cx.timers().set(&self.round_timer(), at)?;
        self.round_at = at;
        Ok(())
    }

    /// From a round to the next: twice as long each time that all is as it should be.
    pub fn next_distance(&mut self, calm: bool) -> u64 {
        let Config { reconcile, calm: most, .. } = self.config;
        self.distance = if calm { (self.distance * 2).min(most).max(reconcile) } else { reconcile };
        self.distance
    }

    /// Has this instance look around at once.
    pub fn look_around(&self, cx: &mut Cx<'_>) -> Outcome {
        cx.timers().set(&format!("boot/{}", self.instance), 0)
    }

    /// A timer has come.
    pub fn timer_came(&mut self, timer: &Timer) {
        self.shown = self.shown.max(timer.at);
        if timer.name == self.round_timer() {
            self.round_at = 0;
        }
    }

    /// The time for timers. Whatever this clock says, it is not earlier than one that has come: what a clock that is behind sets
    /// for soon would come at once, and again and again. Leases go by the clock as it is, which is the same for all instances.
    pub fn now(&self, cx: &mut Cx<'_>) -> u64 {
        cx.now().max(self.shown)
    }

    /// The name of this instance's timer for rounds.
    pub fn round_timer(&self) -> String {
        format!("round/{}", self.instance)
    }
}

impl Config {
    fn read(json: &str) -> Result<Config> {
        let wrong = |key: &str, is: &str| Error::reject(format!("[operator.config] {key}: {is}"));
        let written: Written = if json.is_empty() {
            Written::default()
        } else {
            serde_json::from_str(json).map_err(|error| wrong("cannot be read", &error.to_string()))?
        };
        let span = |key: &str, text: &Option<String>| match text {
            None => Ok(None),
            Some(text) => match time::parse(text) {
                Some(span) if span > 0 => Ok(Some(span)),
                _ => Err(wrong(key, &format!("\"{text}\" is no duration such as \"20s\""))),
            },
        };
        let default = Config::default();
        Ok(Config {
            reconcile: span("reconcile", &written.reconcile)?.unwrap_or(default.reconcile),
            calm: span("calm", &written.calm)?.unwrap_or(default.calm),
            patrol: span("patrol", &written.patrol)?,
            lease: span("lease", &written.lease)?.unwrap_or(default.lease),
            starting: span("starting", &written.starting)?.unwrap_or(default.starting),
            ending: span("ending", &written.ending)?.unwrap_or(default.ending),
            rows: written.rows.unwrap_or(default.rows).max(1),
            calls: written.calls.unwrap_or(default.calls),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_file_leaves_out_has_its_default() {
        let config = Config::read(r#"{"reconcile":"5m","unknown":1}"#).expect("it is well formed");
        assert_eq!(config, Config { reconcile: 5 * time::MINUTE, ..Config::default() });
        assert_eq!(Config::read(""), Ok(Config::default()));
    }

    #[test]
    fn a_bad_duration_names_its_key() {
        let error = Config::read(r#"{"patrol":"often"}"#).expect_err("it is no duration");
        assert_eq!(error.to_string(), "[operator.config] patrol: \"often\" is no duration such as \"20s\"");
    }
}
