//! What happened, as far as it was told: rooms, who was in them, and the egresses that recorded them.

use std::collections::{BTreeMap, BTreeSet};

use livekit_protocol as proto;
use proto::EgressStatus as Status;
use serde_json::Value;

use super::capture::Capture;
use super::count;
use super::deliveries::{Sort, Told, queue};
use crate::livekit::TrackSource;
use crate::time::{Span, Time};

/// How far a more precise time may be from `created_at` before it is taken for another one.
const ABOUT: Span = Span::seconds(3600);

/// Segments of one egress that are looked for: weeks of them.
const SEGMENTS_MAX: u64 = 1_000_000;

/// Everything that was told.
#[derive(Debug)]
pub(super) struct Incident {
    /// In order of their start.
    pub(super) sessions: Vec<Session>,
    /// Every event that was told, once.
    pub(super) occurrences: Vec<Occurrence>,
    /// When the first event was made.
    pub(super) first: Time,
    /// When the last one was.
    pub(super) last: Time,
    /// Events that are of no room, or of nothing that is simulated, by name.
    pub(super) strange: BTreeMap<String, usize>,
}

/// An event of a room, told or not.
#[derive(Clone, Debug)]
pub(super) struct Occurrence {
    pub(super) event: String,
    pub(super) room: String,
    /// The notifier's queue.
    pub(super) queue: String,
    pub(super) at: Time,
    /// Its place in what was told; none: it never was.
    pub(super) told: Option<usize>,
}

/// A room from its start to its end.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) room: String,
    pub(super) sid: String,
    pub(super) metadata: Option<String>,
    pub(super) started: Time,
    pub(super) start_told: bool,
    /// When it ended; none: nobody said so.
    pub(super) finished: Option<Time>,
    pub(super) finish_told: bool,
    /// The last that was heard of it.
    pub(super) last: Time,
    pub(super) people: Vec<Person>,
    pub(super) egresses: Vec<Egress>,
}

/// Somebody in a room, once.
#[derive(Debug)]
pub(super) struct Person {
    pub(super) identity: String,
    sid: String,
    pub(super) joined: Time,
    pub(super) left: Option<Time>,
    /// With their sids.
    pub(super) tracks: Vec<(String, TrackSource)>,
    /// Something was published when they had been there for a while.
    pub(super) published_late: bool,
    unpublished: BTreeMap<String, Time>,
}

/// An egress, from all that was told of it.
#[derive(Debug)]
pub(super) struct Egress {
    pub(super) id: String,
    pub(super) kind: Kind,
    pub(super) started: Time,
    pub(super) active: Option<Time>,
    /// When its media ended in an orderly way.
    pub(super) ending: Option<Time>,
    pub(super) ended: Option<Time>,
    /// Events with their statuses that were told.
    pub(super) told: BTreeSet<(String, i32)>,
    /// The last news of it.
    pub(super) info: proto::EgressInfo,
    /// Bucket of its request, or of what it stored; empty: neither is told.
    pub(super) bucket: String,
    pub(super) region: String,
    pub(super) recorder_joined: bool,
    pub(super) recorder_left: Option<Time>,
    /// Its worker died without a word, as far as one can see.
    pub(super) stuck: bool,
    /// It writes a manifest beside its output.
    pub(super) manifest: bool,
    segment: Option<u64>,
}

/// What an egress records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Composite,
    Track,
    /// Something that is not simulated.
    Other(&'static str),
}

impl Incident {
    /// Puts the news together.
    pub(super) fn of(capture: &Capture, told: &[Told]) -> Incident {
        let created = || told.iter().map(|told| told.created);
        let mut incident = Incident {
            sessions: Vec::new(),
            occurrences: Vec::new(),
            first: created().min().unwrap_or_default(),
            last: created().max().unwrap_or_default(),
            strange: BTreeMap::new(),
        };
        let mut order: Vec<usize> = (0..told.len()).filter(|at| told[*at].sort == Sort::News).collect();
        order.sort_by_key(|at| (told[*at].created, told[*at].ix));
        for at in order {
            incident.hear(&capture.arrivals[told[at].ix].event, told[at].created, at);
        }
        for session in &mut incident.sessions {
            session.egresses.sort_by(|one, other| (one.started, &one.id).cmp(&(other.started, &other.id)));
            session.finished = session.finished.or_else(|| session.concluded_end());
        }
        incident.sessions.sort_by(|one, other| (one.started, &one.sid).cmp(&(other.started, &other.sid)));
        incident
    }

    fn hear(&mut self, event: &proto::WebhookEvent, created: Time, told: usize) {
        let info = event.egress_info.as_ref();
        let (sid, name) = match (&event.room, info) {
            (Some(room), _) if !room.name.is_empty() => (&room.sid, &room.name),
            (_, Some(info)) if !info.room_name.is_empty() => (&info.room_id, &info.room_name),
            _ => {
                *self.strange.entry(event.event.clone()).or_default() += 1;
                return;
            }
        };
        if !crate::scenario::keys::EVENTS.contains(&event.event.as_str()) {
            *self.strange.entry(event.event.clone()).or_default() += 1;
            return;
        }
        let at = moment(event, created);
        self.occurrences.push(Occurrence {
            event: event.event.clone(),
            room: name.clone(),
            queue: queue(event).to_owned(),
            at,
            told: Some(told),
        });
        let session = self.session(sid, name, at);
        session.last = session.last.max(at);
        session.started = session.started.min(at);
        if let Some(room) = &event.room {
            if !room.metadata.is_empty() {
                session.metadata = Some(room.metadata.clone());
            }
            if let Some(made) = made(room)
                && made <= at
                && at.since(made) < Span::seconds(30 * 86_400)
            {
                session.started = session.started.min(made);
            }
        }
        match event.event.as_str() {
            "room_started" => session.start_told = true,
            "room_finished" => {
                session.finished = Some(at);
                session.finish_told = true;
            }
            name if name.starts_with("egress_") => {
                if let Some(info) = info {
                    session.egress(info, at).hear(name, info, at);
                }
            }
            name => {
                if let Some(who) = &event.participant {
                    session.hear_of(who, name, event.track.as_ref(), at);
                }
            }
        }
    }

    fn session(&mut self, sid: &str, name: &str, at: Time) -> &mut Session {
        // Without a sid, an event belongs to the last room of its name.
        let same = |session: &Session| {
            session.room == name && (session.sid == sid || sid.is_empty() || session.sid.is_empty())
        };
        if let Some(known) = self.sessions.iter().rposition(same) {
            let session = &mut self.sessions[known];
            if session.sid.is_empty() {
                sid.clone_into(&mut session.sid);
            }
            return session;
        }
        self.sessions.push(Session {
            room: name.to_owned(),
            sid: sid.to_owned(),
            metadata: None,
            started: at,
            start_told: false,
            finished: None,
            finish_told: false,
            last: at,
            people: Vec::new(),
            egresses: Vec::new(),
        });
        let last = self.sessions.len() - 1;
        &mut self.sessions[last]
    }

    /// Every egress, in order.
    pub(super) fn egresses(&self) -> impl Iterator<Item = &Egress> {
        self.sessions.iter().flat_map(|session| &session.egresses)
    }

    /// The buckets that egresses name.
    pub(super) fn buckets(&self) -> Vec<&str> {
        let named = self.egresses().map(|egress| egress.bucket.as_str()).filter(|bucket| !bucket.is_empty());
        named.collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// Whether any event of this name was told.
    pub(super) fn tells(&self, event: &str) -> bool {
        self.occurrences.iter().any(|known| known.event == event && known.told.is_some())
    }

    /// What was told.
    pub(super) fn words(&self) -> Vec<String> {
        let people = self.sessions.iter().map(|session| session.people.len()).sum();
        let egresses = count(self.egresses().count(), "egress").replace("egresss", "egresses");
        let rooms = count(self.sessions.len(), "room");
        let mut words = vec![format!(
            "{rooms}, {}, {egresses}, from {} to {}",
            count(people, "participant"),
            self.first.to_rfc3339(),
            self.last.to_rfc3339()
        )];
        for (event, number) in &self.strange {
            words.push(format!("{} left out: {event}", count(*number, "event")));
        }
        words
    }
}

impl Session {
    /// When it was over, as far as anybody knows.
    pub(super) fn end(&self) -> Time {
        self.finished.unwrap_or(self.last)
    }

    /// When it ended although nobody said so: everybody has left, or the source of a composite closed.
    fn concluded_end(&self) -> Option<Time> {
        let left: Option<Vec<Time>> = self.people.iter().map(|who| who.left).collect();
        let left = left.and_then(|left| left.into_iter().max());
        let closed = |egress: &&Egress| egress.is_composite() && egress.info.details.contains("Source closed");
        let closed = self.egresses.iter().rfind(closed).and_then(|egress| egress.ending.or(egress.ended));
        // What still happened behind that shows that it was not the end.
        let end = left.into_iter().chain(closed).max()?;
        self.egresses.iter().all(|egress| egress.started <= end).then_some(end)
    }

    fn egress(&mut self, info: &proto::EgressInfo, at: Time) -> &mut Egress {
        if let Some(known) = self.egresses.iter().position(|egress| egress.id == info.egress_id) {
            return &mut self.egresses[known];
        }
        self.egresses.push(Egress {
            id: info.egress_id.clone(),
            kind: Kind::Other(""),
            started: nanoseconds(info.started_at, at).unwrap_or(at),
            active: None,
            ending: None,
            ended: None,
            told: BTreeSet::new(),
            info: info.clone(),
            bucket: String::new(),
            region: String::new(),
            recorder_joined: false,
            recorder_left: None,
            stuck: false,
            manifest: true,
            segment: None,
        });
        let last = self.egresses.len() - 1;
        &mut self.egresses[last]
    }

    fn hear_of(&mut self, who: &proto::ParticipantInfo, event: &str, track: Option<&proto::TrackInfo>, at: Time) {
        let recorder = who.kind() == proto::participant_info::Kind::Egress
            || self.egresses.iter().any(|egress| egress.id == who.identity);
        if recorder {
            let Some(egress) = self.egresses.iter_mut().find(|egress| egress.id == who.identity) else { return };
            match event {
                "participant_joined" => egress.recorder_joined = true,
                _ => egress.recorder_left = Some(at),
            }
            return;
        }
        let known = self
            .people
            .iter()
            .rposition(|known| known.identity == who.identity && (known.sid == who.sid || who.sid.is_empty()));
        let place = known.unwrap_or_else(|| {
            let joined = milliseconds(who.joined_at_ms, at).unwrap_or(at);
            self.people.push(Person {
                identity: who.identity.clone(),
                sid: who.sid.clone(),
                joined: joined.max(self.started),
                left: None,
                tracks: Vec::new(),
                published_late: false,
                unpublished: BTreeMap::new(),
            });
            self.people.len() - 1
        });
        let person = &mut self.people[place];
        match (event, track) {
            ("participant_left" | "participant_connection_aborted", _) => person.left = Some(at),
            ("track_unpublished", Some(track)) => {
                person.publish(track);
                person.unpublished.insert(track.sid.clone(), at);
            }
            (_, Some(track)) => {
                person.published_late |= at.since(person.joined) > Span::seconds(5);
                person.publish(track);
            }
            (_, None) => who.tracks.iter().for_each(|track| person.publish(track)),
        }
    }
}

impl Person {
    /// When they left: where nobody says so, when all that they published was gone.
    pub(super) fn gone(&self) -> Option<Time> {
        let all_gone = !self.tracks.is_empty() && self.tracks.iter().all(|(sid, _)| self.unpublished.contains_key(sid));
        self.left.or_else(|| self.unpublished.values().max().copied().filter(|_| all_gone))
    }

    fn publish(&mut self, track: &proto::TrackInfo) {
        let source = match (track.source(), track.r#type()) {
            (proto::TrackSource::Camera, _) | (proto::TrackSource::Unknown, proto::TrackType::Video) => {
                TrackSource::Camera
            }
            (proto::TrackSource::Microphone, _) | (proto::TrackSource::Unknown, proto::TrackType::Audio) => {
                TrackSource::Microphone
            }
            (proto::TrackSource::ScreenShare, _) => TrackSource::ScreenShare,
            (proto::TrackSource::ScreenShareAudio, _) => TrackSource::ScreenShareAudio,
            (proto::TrackSource::Unknown, proto::TrackType::Data) => return,
        };
        if !self.tracks.iter().any(|(sid, known)| *sid == track.sid || *known == source) {
            self.tracks.push((track.sid.clone(), source));
        }
    }
}

impl Egress {
    fn hear(&mut self, event: &str, info: &proto::EgressInfo, at: Time) {
        self.told.insert((event.to_owned(), info.status));
        self.started = nanoseconds(info.started_at, at).unwrap_or(self.started.min(at));
        let started = info.file_results.iter().map(|file| file.started_at);
        let played = started.chain(info.segment_results.iter().map(|segments| segments.started_at)).max();
        let played = played.and_then(|played| nanoseconds(played, at));
        self.active = played.or(self.active).or_else(|| (info.status() == Status::EgressActive).then_some(at));
        match info.status() {
            Status::EgressStarting | Status::EgressActive => {}
            Status::EgressEnding => self.ending = Some(at),
            _ => self.ended = Some(at),
        }
        if let Ok(value) = serde_json::to_value(info) {
            self.request(&value);
        }
        self.info = info.clone();
        if self.bucket.is_empty() {
            let stored_in = self.locations().find_map(|location| Some(bucket_of(location)?.to_owned()));
            self.bucket = stored_in.unwrap_or_default();
        }
    }

    fn request(&mut self, info: &Value) {
        const KINDS: &[(&str, Kind)] = &[
            ("roomComposite", Kind::Composite),
            ("track", Kind::Track),
            ("trackComposite", Kind::Other("track composite")),
            ("participant", Kind::Other("participant")),
            ("web", Kind::Other("web")),
            ("replay", Kind::Other("replay")),
            ("egress", Kind::Composite),
        ];
        let request = KINDS.iter().find_map(|(key, kind)| Some((info.get(*key)?, *kind)));
        let Some((request, kind)) = request else { return };
        self.kind = match kind {
            Kind::Composite if request.get("media").is_some() => Kind::Other("media"),
            kind => kind,
        };
        let text = |key| found(request, key).and_then(Value::as_str).unwrap_or_default().to_owned();
        self.bucket =
            ["bucket", "containerName"].map(text).into_iter().find(|name| !name.is_empty()).unwrap_or_default();
        self.region = text("region");
        self.manifest = found(request, "disableManifest").and_then(Value::as_bool) != Some(true);
        self.segment = found(request, "segmentDuration").and_then(Value::as_u64);
    }

    /// Seconds of a segment; none: it makes no HLS, or says nothing of it.
    pub(super) fn segment(&self) -> Option<u64> {
        self.is_hls().then_some(self.segment)?
    }

    /// Segments that it says it uploaded.
    pub(super) fn segments(&self) -> u64 {
        let told = self.info.segment_results.iter().map(|segments| segments.segment_count).max().unwrap_or(0);
        u64::try_from(told).unwrap_or(0).min(SEGMENTS_MAX)
    }

    pub(super) fn is_composite(&self) -> bool {
        self.kind == Kind::Composite
    }

    pub(super) fn is_hls(&self) -> bool {
        self.segment.is_some() || !self.info.segment_results.is_empty()
    }

    /// Whether an event with this status was told.
    pub(super) fn heard(&self, event: &str, status: Status) -> bool {
        self.told.contains(&(event.to_owned(), status.into()))
    }

    /// Whether any event of this name was.
    pub(super) fn heard_any(&self, event: &str) -> bool {
        self.told.iter().any(|(told, _)| told == event)
    }

    fn locations(&self) -> impl Iterator<Item = &str> {
        let files = self.info.file_results.iter().map(|file| file.location.as_str());
        files.chain(self.info.segment_results.iter().map(|segments| segments.playlist_location.as_str()))
    }

    /// The bucket that something of it went to and that it did not ask for.
    pub(super) fn backup(&self) -> Option<&str> {
        let elsewhere = self.locations().filter_map(bucket_of).find(|bucket| *bucket != self.bucket);
        elsewhere.filter(|_| self.info.backup_storage_used)
    }
}

/// Whose keys are.
#[derive(Debug)]
pub(super) struct Owners<'i> {
    keys: BTreeMap<&'i str, &'i str>,
    /// Of playlists: every segment beside one is its own.
    directories: BTreeMap<&'i str, &'i str>,
    ids: BTreeSet<&'i str>,
}

impl<'i> Owners<'i> {
    pub(super) fn of(incident: &'i Incident) -> Owners<'i> {
        let mut owners = Owners { keys: BTreeMap::new(), directories: BTreeMap::new(), ids: BTreeSet::new() };
        for egress in incident.egresses() {
            let id = egress.id.as_str();
            owners.ids.insert(id);
            owners.keys.extend(egress.info.file_results.iter().map(|file| (file.filename.as_str(), id)));
            for segments in &egress.info.segment_results {
                owners.keys.insert(&segments.playlist_name, id);
                owners.keys.insert(&segments.live_playlist_name, id);
                owners.directories.insert(directory(&segments.playlist_name), id);
            }
        }
        owners
    }

    /// The id of the egress that an object is of.
    pub(super) fn owner(&self, key: &str) -> Option<&'i str> {
        let manifest = key.rsplit('/').next().and_then(|name| name.strip_suffix(".json"));
        let by_manifest = || self.ids.get(manifest?).copied();
        let beside = || self.directories.get(directory(key)).copied().filter(|_| is_segment(key));
        self.keys.get(key).copied().or_else(by_manifest).or_else(beside)
    }
}

/// What stands before the name of a key.
pub(super) fn directory(key: &str) -> &str {
    key.rfind('/').map_or("", |slash| &key[..=slash])
}

/// Whether a key is a segment's.
pub(super) fn is_segment(key: &str) -> bool {
    [".ts", ".m4s", ".mp4"].iter().any(|end| key.ends_with(end))
}

/// The bucket of an address, in virtual-hosted or path style.
pub(super) fn bucket_of(location: &str) -> Option<&str> {
    if let Some(rest) = location.strip_prefix("s3://") {
        return rest.split('/').next().filter(|bucket| !bucket.is_empty());
    }
    let rest = location.strip_prefix("https://").or_else(|| location.strip_prefix("http://"))?;
    let (host, path) = rest.split_once('/')?;
    match host.split_once(".s3") {
        Some((bucket, _)) if !bucket.is_empty() => Some(bucket),
        _ => path.split('/').next().filter(|bucket| !bucket.is_empty()),
    }
}

/// The value of a key, wherever it stands.
fn found<'v>(value: &'v Value, key: &str) -> Option<&'v Value> {
    match value {
        Value::Object(object) => object.get(key).or_else(|| object.values().find_map(|inner| found(inner, key))),
        Value::Array(items) => items.iter().find_map(|inner| found(inner, key)),
        _ => None,
    }
}

/// When what an event tells happened: more precisely than to the second, where it says so.
fn moment(event: &proto::WebhookEvent, created: Time) -> Time {
    let precise = match (event.event.as_str(), &event.egress_info) {
        ("egress_started", Some(info)) => nanoseconds(info.started_at, created),
        ("egress_updated", Some(info)) => nanoseconds(info.updated_at, created),
        ("egress_ended", Some(info)) => nanoseconds(info.ended_at, created),
        ("room_started", _) => event.room.as_ref().and_then(made),
        ("participant_joined", _) => event.participant.as_ref().and_then(|who| milliseconds(who.joined_at_ms, created)),
        _ => None,
    };
    precise.filter(|at| at.since(created).max(created.since(*at)) < ABOUT).unwrap_or(created)
}

fn made(room: &proto::Room) -> Option<Time> {
    let seconds = u64::try_from(room.creation_time).ok().filter(|seconds| *seconds > 0)?;
    let made = Time::default() + Span::seconds(seconds);
    Some(milliseconds(room.creation_time_ms, made).unwrap_or(made))
}

/// A time of a server, if it is one: near `about`.
fn nanoseconds(number: i64, about: Time) -> Option<Time> {
    let at = Time(u64::try_from(number).ok().filter(|number| *number > 0)?);
    (at.since(about).max(about.since(at)) < Span::seconds(30 * 86_400)).then_some(at)
}

fn milliseconds(number: i64, about: Time) -> Option<Time> {
    nanoseconds(number.checked_mul(1_000_000)?, about)
}
