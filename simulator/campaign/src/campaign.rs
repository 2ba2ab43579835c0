//! A campaign: what worlds are made, how hostile they are, and when it is enough.
//!
//! The file (TOML) holds distributions, which a scenario never does. Everything has a default, so the default campaign is an
//! empty file. Numbers are integers, odds are two of them, durations are texts with units, unknown keys are errors.
//! [`Campaign::digest`] is the campaign's identity: shards of one campaign are put together by it, and no other.

use std::collections::BTreeMap;

use egress_sim_model::fault::KINDS;
use egress_sim_model::scenario::{Limits, ObjectLock, keys};
use egress_sim_model::time::Span;
use egress_sim_model::trace::MODEL_VERSION;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub mod schema;

/// Raised when the same campaign gives other cases than before.
pub const GENERATOR_VERSION: u32 = 4;

/// A campaign. Field names are the keys of its file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Campaign {
    /// The version of the file format: 1.
    pub format: u32,
    /// For people; no part of the digest.
    #[serde(skip_serializing)]
    pub title: String,
    /// When it is enough, unless the command line says so.
    pub budget: Budget,
    /// How much of it is run again, to see that it is the same; no part of the digest.
    #[serde(skip_serializing)]
    pub determinism: Determinism,
    /// How large worlds are.
    pub size: Sizes,
    /// World parameters, each with the values that it may have.
    pub world: Worlds,
    /// Odds of each surface's faults to be in a case at all; a surface that is not named has none.
    pub families: BTreeMap<String, Odds>,
    /// Odds of a fault to be one that the services' users know, with its call, parameters and moment, instead of any kind at
    /// any point.
    pub typical: Odds,
    /// Fault kinds that are left out although their surface is in.
    pub without: Vec<String>,
    /// The grace that promises allow. Several faults in one call cost more time than one.
    pub promises: PromiseTable,
    /// The sandbox's limits.
    pub limits: LimitTable,
    /// `[operator.config]` of every case.
    #[schemars(with = "serde_json::Value")]
    pub config: toml::Table,
    /// Ids of the properties that are judged; none: all.
    pub properties: Vec<String>,
    /// Goals that need not be reached: an id, a fault with all its points and forms, or a beginning with `*`.
    pub waive: Vec<String>,
    /// Webhook events that no fault loses or holds up: an operator that lives by webhooks cannot notice that they are missing.
    pub spare: Vec<String>,
}

/// When it is enough.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Budget {
    /// Cases.
    pub cases: u64,
}

/// How much is run again, beside everything that is reported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Determinism {
    /// Odds of a case to be run twice in the same thread.
    pub repeat: Odds,
    /// How many of those are run once more at the end, in a fresh process with another environment.
    pub fresh: u64,
}

/// How large worlds are: least and most, both inclusive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Sizes {
    /// Tenants.
    pub tenants: [u32; 2],
    /// Buckets of each.
    pub buckets: [u32; 2],
    /// `[[call]]` blocks.
    pub calls: [u32; 2],
    /// Calls of one block.
    pub count: [u32; 2],
    /// Participants of a call.
    pub participants: [u32; 2],
    /// Commands beside the contracts' ends.
    pub commands: [u32; 2],
    /// Faults, if any surface has some.
    pub faults: [u32; 2],
    /// Minutes that a call takes.
    pub minutes: [u32; 2],
    /// Seconds that a fault's window lasts. An operator that hears of calls by webhook alone loses one whose first events
    /// all arrive in an outage of more than fifteen seconds: after that LiveKit gives up.
    pub window: [u32; 2],
}

/// Keys of `[size]` in the order of [`Sizes`], each with the lowest and the highest number that it may have.
const SIZES: [(&str, u32, u32); 9] = [
    ("tenants", 1, 5),
    ("buckets", 1, 5),
    ("calls", 1, 50),
    ("count", 1, 100_000),
    ("participants", 1, 8),
    ("commands", 0, 50),
    ("faults", 0, 50),
    ("minutes", 1, 1440),
    ("window", 1, 86_400),
];

/// World parameters, each with the values that it may have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Worlds {
    /// `operator.instances`
    pub instances: Vec<u32>,
    /// `[world].list_page`
    pub list_page: Vec<u32>,
    /// `[world].webhook_queue_depth`
    pub webhook_queue_depth: Vec<u32>,
    /// `[world].info_retention`
    pub info_retention: Vec<Text>,
    /// `[world].egress_start`
    pub egress_start: Vec<Text>,
    /// `[world].upload_bytes_per_second`
    pub upload_bytes_per_second: Vec<u64>,
    /// `[world].webhook_events`; an empty list: all. Without `track_published` only where no call is recorded track by track,
    /// because nobody would tell the operator of the tracks.
    pub webhook_events: Vec<Vec<String>>,
    /// `[world].backup_bucket`; an empty text: none.
    pub backup_bucket: Vec<String>,
    /// `object_lock` of each bucket.
    pub object_lock: Vec<String>,
    /// `lock_for` of each bucket with an object lock.
    pub lock_for: Vec<Text>,
    /// How much longer than `retention` a recording may be kept at most: `retention_max`, where a tenant has one.
    pub retention_slack: Vec<Text>,
}

/// `[promises]` of every case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PromiseTable {
    /// See `[promises]` of a scenario.
    pub gap: Text,
    /// See `[promises]` of a scenario.
    pub stop_grace: Text,
    /// See `[promises]` of a scenario.
    pub startup: Text,
    /// See `[promises]` of a scenario.
    pub prompt: Text,
    /// See `[promises]` of a scenario.
    pub inventory_grace: Text,
    /// See `[promises]` of a scenario.
    pub converge: Text,
}

/// `[limits]` of every case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LimitTable {
    /// See `[limits]` of a scenario.
    pub fuel: u64,
    /// See `[limits]` of a scenario.
    pub memory_bytes: u64,
    /// See `[limits]` of a scenario.
    pub host_payload_bytes: u64,
    /// See `[limits]` of a scenario.
    pub calls_per_delivery: u64,
    /// See `[limits]` of a scenario.
    pub timers: u64,
}

/// A duration as the file writes it: `"1h30m"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Text(pub Span);

impl Serialize for Text {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.to_string())
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Text, D::Error> {
        let text = String::deserialize(deserializer)?;
        Span::parse(&text).map(Text).map_err(serde::de::Error::custom)
    }
}

/// `[1, 2]`: one case in two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Odds(pub u32, pub u32);

impl Default for Campaign {
    fn default() -> Campaign {
        let half = Odds(1, 2);
        let families = ["webhook", "egress", "upload", "livekit", "s3", "store", "operator", "clock"];
        Campaign {
            format: 1,
            title: "The default campaign".into(),
            budget: Budget::default(),
            determinism: Determinism::default(),
            size: Sizes::default(),
            world: Worlds::default(),
            families: families.map(|surface| (surface.to_owned(), half)).into_iter().collect(),
            typical: half,
            without: default_without(),
            promises: PromiseTable::default(),
            limits: LimitTable::default(),
            config: toml::Table::new(),
            properties: Vec::new(),
            waive: Vec::new(),
            spare: ["room_started", "participant_joined", "track_published"].map(str::to_owned).to_vec(),
        }
    }
}

/// What no operator survives, however sound: a store that loses what it has acknowledged.
fn default_without() -> Vec<String> {
    ["store.lost_write", "store.torn_commit"].map(str::to_owned).to_vec()
}

impl Default for Budget {
    fn default() -> Budget {
        Budget { cases: 20_000 }
    }
}

impl Default for Determinism {
    fn default() -> Determinism {
        Determinism { repeat: Odds(1, 64), fresh: 4 }
    }
}

impl Default for Sizes {
    fn default() -> Sizes {
        Sizes {
            tenants: [1, 2],
            buckets: [1, 2],
            calls: [1, 3],
            count: [1, 3],
            participants: [1, 3],
            commands: [0, 2],
            faults: [1, 4],
            minutes: [1, 6],
            window: [1, 8],
        }
    }
}

impl Default for Worlds {
    fn default() -> Worlds {
        Worlds {
            instances: vec![1, 1, 2],
            list_page: vec![2, 10, 1000],
            webhook_queue_depth: vec![200],
            info_retention: vec![Text(Span::seconds(86_400)), Text(Span::seconds(86_400)), Text(Span::seconds(3600))],
            egress_start: vec![Text(Span::seconds(2)), Text(Span::seconds(5))],
            upload_bytes_per_second: vec![50_000_000, 1_000_000],
            webhook_events: vec![
                Vec::new(),
                Vec::new(),
                ["room_started", "egress_started", "egress_ended", "room_finished"].map(str::to_owned).to_vec(),
            ],
            backup_bucket: ["", "", "fallback"].map(str::to_owned).to_vec(),
            object_lock: [
                "none",
                "none",
                "none",
                "none",
                "none",
                "none",
                "none",
                "none",
                "none",
                "none",
                "governance",
                "compliance",
            ]
            .map(str::to_owned)
            .to_vec(),
            lock_for: vec![Text(Span::seconds(6 * 3600)), Text(Span::seconds(36 * 3600))],
            retention_slack: vec![Text(Span::seconds(4 * 3600)), Text(Span::seconds(600))],
        }
    }
}

impl Default for PromiseTable {
    fn default() -> PromiseTable {
        let minutes = |count: u64| Text(Span::seconds(60 * count));
        PromiseTable {
            gap: minutes(3),
            stop_grace: minutes(5),
            startup: minutes(3),
            prompt: minutes(2),
            inventory_grace: minutes(5),
            converge: minutes(24 * 60),
        }
    }
}

impl Default for LimitTable {
    fn default() -> LimitTable {
        let Limits { fuel, memory_bytes, host_payload_bytes, calls_per_delivery, timers, .. } = Limits::default();
        LimitTable { fuel, memory_bytes, host_payload_bytes, calls_per_delivery, timers }
    }
}

impl Campaign {
    /// Reads a campaign file.
    ///
    /// # Errors
    /// What is wrong, with the line and what was expected, in a text that starts with nothing and ends without a newline.
    pub fn parse(text: &str) -> Result<Campaign, String> {
        let campaign: Campaign = toml::from_str(text).map_err(|error| error.to_string().trim_end().to_owned())?;
        campaign.check()?;
        Ok(campaign)
    }

    /// What the file says that makes no sense.
    fn check(&self) -> Result<(), String> {
        if self.format != 1 {
            return Err(format!("`format` is {}, but this build reads 1", self.format));
        }
        let surfaces: Vec<&str> = KINDS.iter().map(|kind| surface(kind.name)).collect();
        for (family, odds) in &self.families {
            if !surfaces.contains(&family.as_str()) {
                return Err(format!(
                    "[families]: there are no faults of \"{family}\"; `egress-sim explain` lists them"
                ));
            }
            odds.check(&format!("[families]: {family}"))?;
        }
        self.typical.check("`typical`")?;
        let Odds(times, of) = self.determinism.repeat;
        if of == 0 || times > of {
            return Err(format!(
                "[determinism]: repeat = [{times}, {of}] are no odds; write [1, 64] for one case in 64, [0, 1] for none"
            ));
        }
        for kind in &self.without {
            // Kinds that are always left out may be named before there are any.
            if !KINDS.iter().any(|known| known.name == kind) && !default_without().contains(kind) {
                return Err(format!("`without`: there is no fault \"{kind}\"; `egress-sim explain` lists them"));
            }
        }
        for event in &self.spare {
            if !keys::EVENTS.contains(&event.as_str()) {
                return Err(format!("`spare`: there is no webhook event \"{event}\""));
            }
        }
        for id in &self.properties {
            if !keys::PROPERTIES.contains(&id.as_str()) && !id.starts_with("custom.") {
                return Err(format!("`properties`: there is no property \"{id}\"; `egress-sim explain` lists them"));
            }
        }
        let Sizes { tenants, buckets, calls, count, participants, commands, faults, minutes, window } = &self.size;
        let sizes = [tenants, buckets, calls, count, participants, commands, faults, minutes, window];
        for ([least, most], (key, lowest, highest)) in sizes.into_iter().zip(SIZES) {
            if least > most || *least < lowest || *most > highest {
                return Err(format!(
                    "[size]: {key} = [{least}, {most}] must lie between {lowest} and {highest}, the least first"
                ));
            }
        }
        self.world.check()
    }

    /// The campaign's identity: everything that decides what its cases are and how they are judged, but not how many of
    /// them are run.
    pub fn digest(&self) -> String {
        let mut identity = self.clone();
        identity.budget = Budget::default();
        let text = serde_json::to_string(&identity).expect("a campaign is plain data");
        let mut hasher = blake3::Hasher::new();
        hasher.update(&GENERATOR_VERSION.to_le_bytes());
        hasher.update(&MODEL_VERSION.to_le_bytes());
        for kind in KINDS {
            hasher.update(kind.name.as_bytes());
        }
        hasher.update(text.as_bytes());
        hasher.finalize().to_hex()[..12].to_owned()
    }

    /// Kinds of faults that may be in a case.
    pub fn kinds(&self) -> impl Iterator<Item = &'static egress_sim_model::fault::Kind> {
        KINDS.iter().copied().filter(|kind| {
            self.families.get(surface(kind.name)).is_some_and(|odds| odds.0 > 0)
                && !self.without.iter().any(|left_out| left_out == kind.name)
        })
    }
}

impl Worlds {
    /// What makes no sense.
    fn check(&self) -> Result<(), String> {
        for (key, empty) in [
            ("instances", self.instances.is_empty()),
            ("list_page", self.list_page.is_empty()),
            ("webhook_queue_depth", self.webhook_queue_depth.is_empty()),
            ("info_retention", self.info_retention.is_empty()),
            ("egress_start", self.egress_start.is_empty()),
            ("upload_bytes_per_second", self.upload_bytes_per_second.is_empty()),
            ("webhook_events", self.webhook_events.is_empty()),
            ("backup_bucket", self.backup_bucket.is_empty()),
            ("object_lock", self.object_lock.is_empty()),
            ("lock_for", self.lock_for.is_empty()),
            ("retention_slack", self.retention_slack.is_empty()),
        ] {
            if empty {
                return Err(format!("[world]: {key} needs at least one value"));
            }
        }
        for event in self.webhook_events.iter().flatten() {
            if !keys::EVENTS.contains(&event.as_str()) {
                return Err(format!("[world]: webhook_events: there is no webhook event \"{event}\""));
            }
        }
        for mode in &self.object_lock {
            if lock(mode).is_none() {
                return Err(format!(
                    "[world]: object_lock: \"{mode}\" is no mode; write \"none\", \"governance\" or \"compliance\""
                ));
            }
        }
        for name in &self.backup_bucket {
            if !name.is_empty() && (name.starts_with("rec-") || bucket_name_is_wrong(name)) {
                return Err(format!(
                    "[world]: backup_bucket: \"{name}\" must be the name of a bucket that no tenant has: 3 to 63 of a-z, 0-9 \
                     and `-`, not beginning with `rec-`; \"\" is none"
                ));
            }
        }
        Ok(())
    }
}

impl Odds {
    fn check(self, place: &str) -> Result<(), String> {
        if self.1 == 0 || self.0 > self.1 {
            return Err(format!("{place} = [{}, {}] are no odds; write [1, 2] for one case in two", self.0, self.1));
        }
        Ok(())
    }
}

/// The object lock of this name.
pub(crate) fn lock(mode: &str) -> Option<ObjectLock> {
    [ObjectLock::None, ObjectLock::Governance, ObjectLock::Compliance].into_iter().find(|lock| lock.name() == mode)
}

fn bucket_name_is_wrong(name: &str) -> bool {
    let fits = |character: char| character.is_ascii_lowercase() || character.is_ascii_digit() || character == '-';
    !(3..=63).contains(&name.len()) || !name.chars().all(fits) || name.starts_with('-') || name.ends_with('-')
}

/// The surface of a fault: what stands before the dot.
pub fn surface(kind: &str) -> &str {
    kind.split('.').next().unwrap_or(kind)
}

#[cfg(test)]
mod tests;
