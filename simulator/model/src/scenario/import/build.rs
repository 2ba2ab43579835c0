//! The scenario that replays an incident.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::incident::{Incident, Kind, Session};
use super::listing::Listings;
use super::names::{Names, Of};
use super::strikes::{Strikes, to_millisecond};
use super::{ObjectsSource, Options, Report, Source, count, lives, losses};
use crate::livekit::TrackSource;
use crate::scenario::keys::EVENTS;
use crate::scenario::{
    Bucket, Call, Limits, OperatorTable, OutputKind, Participant, Promises, Recording, Scenario, Severity, Tenant,
    WorldParameters,
};
use crate::time::{Span, Time};

/// Whose calls are that do not say it.
const NOBODY: &str = "imported";
/// The operator has so long to boot before anything happens.
const BEFORE: Span = Span::seconds(60);
/// The world's start is a round time.
const ROUND: u64 = 3_600_000_000_000;
/// A room that nobody closed goes on for so long behind the capture.
const BEHIND: Span = Span::seconds(60);
/// What is behind the last call for an operator to get over it.
const DAYS_BEHIND: u64 = 10;
/// A rate that differs by less than a tenth is the usual one.
const TENTH: u64 = 10;

/// Puts it together.
pub(super) fn scenario(
    name: &str,
    incident: &Incident,
    listings: &Listings,
    unknown_keys: usize,
    strikes: Strikes,
    options: Options,
    report: &mut Report,
) -> Scenario {
    let started = incident.sessions.iter().map(|session| session.started).min().unwrap_or(incident.first);
    let early = started.min(incident.first) - BEFORE;
    let mut build = Build {
        incident,
        listings,
        names: Names::new(options.anonymise),
        start: Time(early.0 - early.0 % ROUND),
        tenants: Vec::new(),
        buckets: BTreeMap::new(),
        report,
    };
    let calls = build.calls();
    build.tenants_get_buckets();
    let world = build.world(&calls);
    let buckets = build.bucket_tables(world.backup_bucket.as_deref());
    let mut faults = strikes.into_faults();
    for fault in &mut faults {
        fault.filter.room = fault.filter.room.take().map(|room| build.names.get(Of::Room, &room));
        if options.anonymise {
            // Texts of a storage name buckets and keys.
            fault.parameters.remove("error");
        }
    }
    build.close(unknown_keys);
    let what = format!("{} from {} on", count(calls.len(), "call"), started.to_rfc3339());
    let extra = if unknown_keys == 0 {
        String::new()
    } else {
        format!(" The buckets also had {} of which no webhook told; they are not in here.", count(unknown_keys, "key"))
    };
    Scenario {
        name: name.into(),
        title: format!("An imported incident: {what}"),
        severity: Severity::default(),
        seed: 0,
        question: format!("Does the operator keep its promises when what the capture shows happens again?{extra}"),
        expected: "Whatever went wrong on the way, each call has the recording that it must have, and the inventory knows of it.".into(),
        world,
        limits: Limits::default(),
        promises: Promises::default(),
        operator: OperatorTable::default(),
        tenants: build.tenants,
        buckets,
        calls,
        commands: Vec::new(),
        faults,
        expects: Vec::new(),
        found: toml::Table::new(),
    }
}

/// Where a scenario comes from: the names of the files, without their folders.
pub(super) fn provenance(webhooks: &Source, objects: &[ObjectsSource]) -> toml::Table {
    let file = |source: &Source| {
        let name = source.name.rsplit(['/', '\\']).next().unwrap_or_default();
        toml::Value::String(name.to_owned())
    };
    let mut found = toml::Table::new();
    found.insert("webhooks".into(), file(webhooks));
    if !objects.is_empty() {
        found.insert("objects".into(), objects.iter().map(|source| file(&source.file)).collect::<Vec<_>>().into());
    }
    found
}

struct Build<'a> {
    incident: &'a Incident,
    listings: &'a Listings,
    names: Names,
    start: Time,
    tenants: Vec<Tenant>,
    /// Buckets of the incident with their tenants' places.
    buckets: BTreeMap<String, BTreeSet<usize>>,
    report: &'a mut Report,
}

/// What a room's metadata says, or its egresses.
struct Wanted {
    tenant: String,
    recording: Recording,
    output: OutputKind,
    segment: Option<u64>,
}

impl Build<'_> {
    fn calls(&mut self) -> Vec<Call> {
        let incident = self.incident;
        let (mut unsaid, mut unclosed, mut empty) = (Vec::new(), Vec::new(), Vec::new());
        let mut calls: Vec<Call> = Vec::new();
        let mut last_of_room: BTreeMap<String, usize> = BTreeMap::new();
        for session in &incident.sessions {
            let (wanted, said) = wanted(session);
            if !said {
                unsaid.push(session.room.as_str());
            }
            let tenant = self.tenant(&wanted.tenant);
            for egress in session.egresses.iter().filter(|egress| !egress.bucket.is_empty()) {
                self.buckets.entry(egress.bucket.clone()).or_default().insert(tenant);
            }
            let end = session.finished.unwrap_or_else(|| {
                unclosed.push(session.room.as_str());
                session.last.max(incident.last) + BEHIND
            });
            let room = self.names.get(Of::Room, &session.room);
            let mut at = to_millisecond(session.started.since(self.start));
            if let Some(before) = last_of_room.get(&room).map(|before| &mut calls[*before]) {
                // A room is live once at a time.
                if before.at + before.duration >= at {
                    if before.at + Span::SECOND < at {
                        before.duration = Span(at.0 - before.at.0 - Span::MILLISECOND.0);
                    } else {
                        at = before.at + before.duration + Span::MILLISECOND;
                    }
                }
            }
            let duration = to_millisecond(end.since(session.started)).max(Span::SECOND);
            last_of_room.insert(room.clone(), calls.len());
            let mut participants = self.participants(session, end);
            if participants.is_empty() {
                empty.push(session.room.as_str());
                participants.push(Participant::named(&self.names.get(Of::Person, "somebody")));
            }
            calls.push(Call {
                name: String::new(),
                tenant: self.tenants[tenant].name.clone(),
                room,
                participants,
                at,
                count: 1,
                every: Span::ZERO,
                duration,
                recording: wanted.recording,
                output: wanted.output,
                segment: Span::seconds(wanted.segment.unwrap_or(6).clamp(1, 3600)),
            });
        }
        for call in &mut calls {
            fit(call);
        }
        self.tell(&unsaid, "no metadata with tenant and recording: tenant and recording by what its egresses did");
        self.tell(&unclosed, "not closed in the capture: it goes on for a minute behind the last event");
        self.tell(&empty, "nobody was told to be in it: one participant was made up");
        calls
    }

    fn tell(&mut self, rooms: &[&str], what: &str) {
        if let [first, rest @ ..] = rooms {
            let more = if rest.is_empty() { String::new() } else { format!(" and {}", count(rest.len(), "other")) };
            self.report.open.push(format!("room {first}{more}: {what}"));
        }
    }

    fn participants(&mut self, session: &Session, end: Time) -> Vec<Participant> {
        let mut seen: BTreeMap<&str, u32> = BTreeMap::new();
        let mut participants = Vec::new();
        let mut late = 0;
        for person in &session.people {
            let times = seen.entry(&person.identity).or_default();
            *times += 1;
            let mut identity = self.names.get(Of::Person, &person.identity);
            if *times > 1 {
                identity = format!("{identity}-{times}");
            }
            late += usize::from(person.published_late);
            let join = person.joined.since(session.started);
            let left = person.gone().filter(|left| *left + Span::SECOND < end && *left > person.joined);
            participants.push(Participant {
                identity,
                join: Span(join.0 / Span::MILLISECOND.0 * Span::MILLISECOND.0),
                leave: left.map(|left| to_millisecond(left.since(session.started))),
                tracks: person.tracks.iter().map(|(_, source)| *source).collect::<Vec<TrackSource>>(),
            });
        }
        // Somebody may be called like somebody else's second stay.
        let mut taken = BTreeSet::new();
        for participant in &mut participants {
            while !taken.insert(participant.identity.clone()) {
                participant.identity.push('+');
            }
        }
        if late > 0 {
            let people = count(late, "participant");
            let why = "published or unmuted later than on joining: the scenario has them publish when they join";
            self.report.open.push(format!("room {}: {people} {why}", session.room));
        }
        participants
    }

    fn tenant(&mut self, name: &str) -> usize {
        let name = self.names.get(Of::Tenant, name);
        let known = self.tenants.iter().position(|tenant| tenant.name == name);
        known.unwrap_or_else(|| {
            self.tenants.push(Tenant {
                name,
                buckets: Vec::new(),
                cdn: None,
                retention: None,
                retention_max: None,
                delete_within: Span::seconds(90 * 86_400),
                contract_end: None,
            });
            self.tenants.len() - 1
        })
    }

    fn tenants_get_buckets(&mut self) {
        for (bucket, tenants) in &self.buckets {
            let name = self.names.get(Of::Bucket, bucket);
            for tenant in tenants {
                self.tenants[*tenant].buckets.push(name.clone());
            }
        }
        for place in 0..self.tenants.len() {
            if self.tenants[place].buckets.is_empty() {
                let tenant = self.tenants[place].name.clone();
                let bucket = self.names.get(Of::Bucket, &format!("{}-recordings", tenant.to_lowercase()));
                self.report.open.push(format!("tenant {tenant}: no egress names its bucket: {bucket} was made up"));
                self.tenants[place].buckets.push(bucket);
            }
        }
    }

    fn world(&mut self, calls: &[Call]) -> WorldParameters {
        let usual = WorldParameters::default();
        let last = calls.iter().map(|call| call.at + call.duration).max().unwrap_or_default();
        let filtered = losses::filtered(self.incident);
        let webhook_events = (!filtered.is_empty()).then(|| {
            let names = filtered.iter().copied().collect::<Vec<_>>().join(", ");
            self.report
                .inferred
                .push(format!("LiveKit is not set to send {names}: none of them came, though there was occasion to"));
            let sent = EVENTS.iter().filter(|event| !filtered.contains(*event));
            sent.map(|event| (*event).to_owned()).collect()
        });
        let backup = self.incident.egresses().find_map(|egress| egress.backup());
        WorldParameters {
            start: self.start,
            horizon: Span::seconds((last.0 / Span::seconds(86_400).0 + DAYS_BEHIND) * 86_400),
            webhook_events,
            egress_start: lives::usual_start(self.incident).unwrap_or(usual.egress_start),
            media_bytes_per_second: self.media_rate().unwrap_or(usual.media_bytes_per_second),
            list_page: self.listings.values().filter_map(|listing| listing.page).min().unwrap_or(usual.list_page),
            backup_bucket: backup.map(|backup| self.names.get(Of::Bucket, backup)),
            ..usual
        }
    }

    /// Bytes a second of composites, unless it is about the usual.
    fn media_rate(&self) -> Option<u64> {
        let composites = self.incident.egresses().filter(|egress| egress.kind == Kind::Composite);
        let infos = composites.map(|egress| &egress.info);
        let results = infos.flat_map(|info| {
            let files = info.file_results.iter().map(|file| (file.size, file.duration));
            files.chain(info.segment_results.iter().map(|segments| (segments.size, segments.duration)))
        });
        let sane = results.filter(|(size, duration)| *size > 0 && *duration > 0);
        let (size, duration) = sane.fold((0i128, 0i128), |(sizes, durations), (size, duration)| {
            (sizes + i128::from(size), durations + i128::from(duration))
        });
        let rate = u64::try_from(size * 1_000_000_000 / duration.max(1)).ok().filter(|rate| *rate > 0)?;
        let usual = WorldParameters::default().media_bytes_per_second;
        let kilobytes = (rate / 1000).clamp(1, 100_000) * 1000;
        (rate.abs_diff(usual) > usual / TENTH).then_some(kilobytes)
    }

    /// Buckets that differ from the defaults.
    fn bucket_tables(&mut self, backup: Option<&str>) -> Vec<Bucket> {
        let mut tables = Vec::new();
        for name in self.buckets.keys() {
            let mut bucket = Bucket::named(&self.names.get(Of::Bucket, name));
            let region = self.incident.egresses().find(|egress| egress.bucket == *name && !egress.region.is_empty());
            if let Some(egress) = region {
                bucket.region.clone_from(&egress.region);
            }
            bucket.versioning = self.listings.get(name).is_some_and(|listing| listing.versioned == Some(true));
            if bucket != Bucket::named(&bucket.name) {
                tables.push(bucket);
            }
        }
        if let Some(backup) = backup
            && !tables.iter().any(|bucket| bucket.name == backup)
        {
            tables.push(Bucket::named(backup));
        }
        tables
    }

    /// What always stays open.
    fn close(&mut self, unknown_keys: usize) {
        for (from, to) in std::mem::take(&mut self.names.changed) {
            self.report.inferred.push(format!("{from:?} is called {to} in the scenario"));
        }
        let unlisted: Vec<&str> =
            self.buckets.keys().map(String::as_str).filter(|name| !self.listings.contains_key(*name)).collect();
        if !unlisted.is_empty() {
            let buckets = unlisted.join(", ");
            self.report.open.push(format!("no listing of {buckets}: versioning is taken for off, and uploads for what LiveKit says; pass --objects"));
        }
        for (name, listing) in self.listings {
            if listing.versioned.is_none() {
                self.report.open.push(format!(
                    "the listing of {name} cannot tell whether it is versioned: taken for not; list-object-versions can"
                ));
            }
            let backup = self.incident.egresses().any(|egress| egress.backup() == Some(name));
            if !self.buckets.contains_key(name) && !backup && unknown_keys > 0 {
                self.report.open.push(format!("no egress names the bucket {name}: nothing was made of its listing"));
            }
        }
        self.report.open.push("retention, cdn and contract_end of the tenants are in no webhook: add them to [[tenant]], or nothing is published and deleted".into());
        self.report.open.push("signatures were not checked: a forged webhook in the capture was believed".into());
    }
}

/// What is in a call lies within it.
fn fit(call: &mut Call) {
    let end = call.duration;
    for participant in &mut call.participants {
        if participant.join >= end {
            participant.join = Span::ZERO;
        }
        let join = participant.join;
        participant.leave = participant.leave.filter(|leave| *leave > join && *leave < end);
    }
}

/// What is wanted of a room, and whether its metadata says so.
fn wanted(session: &Session) -> (Wanted, bool) {
    let metadata = session.metadata.as_deref().and_then(|text| serde_json::from_str::<Value>(text).ok());
    let said = |key: &str| metadata.as_ref().and_then(|metadata| metadata.get(key));
    let word = |key: &str| said(key).and_then(Value::as_str);
    let hls = session.egresses.iter().any(super::incident::Egress::is_hls);
    let recording = [Recording::Compliance, Recording::Processing, Recording::None];
    let recording = word("recording").and_then(|name| recording.into_iter().find(|known| known.name() == name));
    let output = [OutputKind::Mp4, OutputKind::Hls];
    let output = word("output").and_then(|name| output.into_iter().find(|known| known.name() == name));
    let by_egresses = || {
        let any = |kind| session.egresses.iter().any(|egress| egress.kind == kind);
        if any(Kind::Composite) {
            Recording::Compliance
        } else if any(Kind::Track) {
            Recording::Processing
        } else {
            Recording::None
        }
    };
    let tenant = word("tenant").filter(|tenant| !tenant.is_empty());
    let complete = tenant.is_some() && recording.is_some();
    let wanted = Wanted {
        tenant: tenant.unwrap_or(NOBODY).to_owned(),
        recording: recording.unwrap_or_else(by_egresses),
        output: output.unwrap_or(if hls { OutputKind::Hls } else { OutputKind::Mp4 }),
        segment: said("segment")
            .and_then(Value::as_u64)
            .or_else(|| session.egresses.iter().find_map(super::incident::Egress::segment)),
    };
    (wanted, complete)
}
