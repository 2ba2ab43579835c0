//! Faults in the lives of egresses: ends that nobody asked for, slow starts, workers that were heard of no more.

use std::collections::{BTreeMap, BTreeSet};

use livekit_protocol as proto;
use proto::EgressStatus as Status;

use super::incident::{Egress, Incident, Kind, Session};
use super::listing::Listings;
use super::strikes::{Strike, Strikes};
use super::{Report, count};
use crate::fault::Value;
use crate::time::{Span, Time};

/// What is within so much of another moment happened at the same time.
const SAME: Span = Span::seconds(2);
/// A start that takes so much longer than usual is slow.
const SLOW: Span = Span::seconds(5);
/// So much longer than its bytes need, and an upload is slow.
const SLOW_UPLOAD: Span = Span::seconds(60);
/// So long behind the room's end, and an egress has not noticed it.
const OUTLIVES: Span = Span::seconds(30);
/// LiveKit notices so late that a recorder has gone.
const MISSED_AFTER: Span = Span::seconds(15);
/// Bytes a second of the worker's upload, as scenarios have it.
const UPLOAD_RATE: u64 = 50_000_000;

/// How many of its room's egresses came as far before it, so that a fault can count to it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Ranks {
    pub(super) starts: u64,
    pub(super) actives: u64,
    pub(super) endings: u64,
    pub(super) ends: u64,
    pub(super) files: u64,
    pub(super) segments: u64,
    pub(super) playlists: u64,
}

/// Every egress with its room and its ranks, in order.
pub(super) fn ranked(incident: &Incident) -> Vec<(&Session, &Egress, Ranks)> {
    let mut rooms: BTreeMap<&str, Ranks> = BTreeMap::new();
    let mut all = Vec::new();
    for session in &incident.sessions {
        for egress in &session.egresses {
            let ranks = rooms.entry(&session.room).or_default();
            all.push((session, egress, *ranks));
            ranks.starts += 1;
            ranks.actives += u64::from(egress.active.is_some());
            let stopped = egress.ending.is_some() || egress.info.status() == Status::EgressComplete;
            ranks.endings += u64::from(stopped);
            ranks.ends += u64::from(egress.ended.is_some());
            ranks.files += u64::from(egress.active.is_some() && !egress.is_hls());
            ranks.segments += egress.segments();
            ranks.playlists += u64::from(stopped && egress.is_hls());
        }
    }
    all
}

/// From STARTING to ACTIVE, as it usually is: the median, in whole seconds.
pub(super) fn usual_start(incident: &Incident) -> Option<Span> {
    let mut took: Vec<Span> =
        incident.egresses().filter_map(|egress| Some(egress.active?.since(egress.started))).collect();
    took.sort_unstable();
    let median = took.get(took.len() / 2)?;
    Some(Span::seconds((median.0 + Span::SECOND.0 / 2) / Span::SECOND.0))
}

/// Finds what befell egresses.
pub(super) fn befallen(incident: &mut Incident, listings: &Listings, strikes: &mut Strikes, report: &mut Report) {
    let usual = usual_start(incident).unwrap_or(Span::seconds(2));
    let mut stuck = BTreeSet::new();
    let mut stopped = 0;
    for (session, egress, ranks) in ranked(incident) {
        if let Kind::Other(kind) = egress.kind
            && !kind.is_empty()
        {
            report.open.push(format!(
                "{} is a {kind} egress, which is not simulated; its room is replayed without",
                egress.id
            ));
            continue;
        }
        let life = Life { session, egress, ranks, usual };
        let before = strikes.len();
        let at = egress.ended.unwrap_or(egress.started);
        for (strike, why) in life.faults() {
            report.inferred.push(format!("{} of {}: {why}", egress.id, session.room));
            strikes.push(at, strike);
        }
        if strikes.len() == before && life.stopped_by_somebody() {
            stopped += 1;
        }
        if egress.ended.is_none()
            && let Some((strike, why)) = life.silence(incident, listings)
        {
            report.inferred.push(format!("{} of {}: {why}", egress.id, session.room));
            strikes.push(egress.started, strike);
            stuck.insert(egress.id.clone());
        }
    }
    if stopped > 0 {
        report.open.push(format!(
            "{} ended by StopEgress before {} room did: when to stop is up to the operator that you run",
            count(stopped, "egress").replace("egresss", "egresses"),
            if stopped == 1 { "its" } else { "their" }
        ));
    }
    for session in &mut incident.sessions {
        for egress in &mut session.egresses {
            egress.stuck = stuck.contains(&egress.id);
        }
    }
}

struct Life<'a> {
    session: &'a Session,
    egress: &'a Egress,
    ranks: Ranks,
    usual: Span,
}

type Found = (Strike, String);

impl Life<'_> {
    fn at(&self, kind: &str, point: &str) -> Strike {
        let before = match point {
            "egress.start" => self.ranks.starts,
            "egress.active" => self.ranks.actives,
            "egress.ending" => self.ranks.endings,
            "egress.ended" => self.ranks.ends,
            "upload.file" => self.ranks.files,
            "upload.playlist_end" => self.ranks.playlists,
            point => unreachable!("nothing counts {point}"),
        };
        Strike::at(kind, point, &self.session.room, before + 1)
    }

    /// From where a fault counts: ACTIVE, or the start of what never was.
    fn since(&self) -> (&'static str, Time) {
        self.egress.active.map_or(("egress.start", self.egress.started), |active| ("egress.active", active))
    }

    fn details(&self) -> &str {
        &self.egress.info.details
    }

    fn stopped_by_somebody(&self) -> bool {
        let before_the_end = self.egress.ended.is_some_and(|ended| ended + SAME < self.session.end());
        self.egress.is_composite() && before_the_end && self.details().contains("StopEgress")
    }

    fn faults(&self) -> Vec<Found> {
        let mut found = Vec::new();
        let info = &self.egress.info;
        if let Some(active) = self.egress.active {
            let took = active.since(self.egress.started);
            if info.retry_count > 0 {
                found.push((self.at("egress.retried", "egress.start"), "it was started a second time".into()));
            } else if took > self.usual + SLOW {
                let by = Span(took.0 - self.usual.0);
                found.push((
                    self.at("egress.slow_start", "egress.start").span("by", by),
                    format!("it took {took} to start"),
                ));
            }
        }
        match info.status() {
            Status::EgressComplete => found.extend(self.complete()),
            Status::EgressAborted => found.extend(self.aborted()),
            Status::EgressFailed => found.extend(self.failed()),
            Status::EgressLimitReached => {
                let (point, since) = self.since();
                let delay = self.egress.ended.unwrap_or(since).since(since);
                let strike = self.at("egress.limit_reached", point).span("delay", delay);
                found.push((strike, format!("it reached a limit after {delay}")));
            }
            _ => {}
        }
        found.extend(self.outlives());
        found
    }

    /// When its media ended.
    fn stop(&self) -> Option<Time> {
        let info = &self.egress.info;
        let files = info.file_results.iter().map(|file| file.ended_at);
        let media = files.chain(info.segment_results.iter().map(|segments| segments.ended_at)).max();
        let media = media.and_then(|media| u64::try_from(media).ok()).filter(|media| *media > 0).map(Time);
        self.egress.ending.or(media).or(self.egress.ended)
    }

    fn outlives(&self) -> Option<Found> {
        let (finished, stop) = (self.session.finished?, self.stop()?);
        let outlives = self.egress.is_composite() && self.egress.active.is_some() && stop > finished + OUTLIVES;
        outlives.then(|| {
            let why = format!("it went on for {} behind the end of its room", stop.since(finished));
            (self.at("egress.outlives_room", "egress.start"), why)
        })
    }

    fn complete(&self) -> Vec<Found> {
        let mut found = Vec::new();
        let (Some(active), Some(stop)) = (self.egress.active, self.stop()) else { return found };
        if self.egress.is_composite() && stop + SAME < self.session.end() && !self.details().contains("StopEgress") {
            let again = self.session.egresses.iter().any(|other| other.is_composite() && other.started > stop);
            let reason = match self.details() {
                details if details.contains("CPU") => Some("cpu_exhausted"),
                details if details.contains("killed") => Some("process_killed"),
                details if details.contains("Source closed") || again => Some("source_closed"),
                _ => None,
            };
            if let Some(reason) = reason {
                let delay = stop.since(active);
                let strike = self.at("egress.ends_early", "egress.active").span("delay", delay).word("reason", reason);
                found.push((strike, format!("it ended COMPLETE {} before its room", self.session.end().since(stop))));
            }
        }
        found.extend(self.poor_result());
        if let Some(ended) = self.egress.ended {
            let bytes = self.egress.info.file_results.iter().map(|file| file.size).max().unwrap_or(0);
            let needs = Span::seconds(u64::try_from(bytes).unwrap_or(0) / UPLOAD_RATE);
            let took = ended.since(stop);
            if took > needs + SLOW_UPLOAD && !self.egress.is_hls() {
                let strike = self.at("upload.slow", "upload.file").span("by", Span(took.0.saturating_sub(needs.0)));
                found.push((strike, format!("its upload took {took}")));
            }
        }
        found
    }

    fn poor_result(&self) -> Option<Found> {
        let info = &self.egress.info;
        let (files, segments) = (&info.file_results, &info.segment_results);
        let what = if files.is_empty() && segments.is_empty() && info.result.is_some() {
            "no_results"
        } else if files.iter().any(|file| file.duration < 0) || segments.iter().any(|segments| segments.duration < 0) {
            "negative_duration"
        } else if !files.is_empty() && files.iter().all(|file| file.location.is_empty() && file.size > 0)
            || !segments.is_empty() && segments.iter().all(|one| one.playlist_location.is_empty() && one.size > 0)
        {
            "no_location"
        } else {
            return None;
        };
        let why = format!("its results were poor ({what})");
        Some((self.at("egress.poor_result", "egress.ended").word("what", what), why))
    }

    fn aborted(&self) -> Option<Found> {
        let info = &self.egress.info;
        let ended = self.egress.ended?;
        let own_doing = info.details.contains("StopEgress") || info.error.contains("Stop called");
        let with_room =
            self.session.finished.is_some_and(|end| ended + SAME >= end) || info.details.contains("Source closed");
        let delay = ended.since(self.egress.started);
        if own_doing && delay > self.usual + SLOW {
            let why = format!("it was stopped when it had not started after {delay}");
            return Some((self.at("egress.slow_start", "egress.start").span("by", delay), why));
        }
        if own_doing || with_room {
            return None;
        }
        let kind = if info.error.contains("limit") { "egress.limit_reached" } else { "egress.abort" };
        Some((self.at(kind, "egress.start").span("delay", delay), format!("ABORTED after {delay}: {}", info.error)))
    }

    fn failed(&self) -> Option<Found> {
        let info = &self.egress.info;
        let ended = self.egress.ended?;
        let (point, since) = self.since();
        let why = |delay: Span| format!("FAILED {} after {delay}: {}", info.error_code, first_line(&info.error));
        let abort = |error: &str| {
            let (point, since) = self.egress.ending.map_or((point, since), |ending| ("egress.ending", ending));
            let delay = ended.since(since);
            (self.at("egress.abort", point).span("delay", delay).word("error", error), why(delay))
        };
        let fail = |reason: &str| {
            let delay = self.stop().unwrap_or(ended).since(since);
            (self.at("egress.fail", point).span("delay", delay).word("reason", reason), why(delay))
        };
        let error = info.error.to_lowercase();
        let stored =
            info.file_results.iter().any(|file| file.size > 0) || info.segment_results.iter().any(|one| one.size > 0);
        if error.contains("track") && info.error_code == 404 {
            // The track was gone before it could be recorded: so it will be again.
            return None;
        }
        if error.contains("upload failed") {
            // Behind the stop only the playlist is left to be uploaded.
            let strike = match (self.egress.is_hls(), self.egress.ending) {
                (false, _) => self.at("upload.fail", "upload.file"),
                (true, Some(_)) => self.at("upload.fail", "upload.playlist_end"),
                (true, None) => {
                    let nth = self.ranks.segments + self.egress.segments() + 1;
                    Strike::at("upload.fail", "upload.segment", &self.session.room, nth)
                }
            };
            let text = info.error.split_once("upload failed: ").map_or(&*info.error, |(_, text)| text);
            // A scenario's texts are one line.
            let text = first_line(text).replace(char::is_control, " ").trim().to_owned();
            let strike = if text.is_empty() { strike } else { strike.with("error", Value::Text(text)) };
            return Some((strike, why(ended.since(since))));
        }
        Some(match error.as_str() {
            error if error.contains("signal connection") => abort("signal_connection"),
            error if error.contains("frozen") || error.contains("start signal") => abort("usual"),
            error if error.contains("oom") || error.contains("memory") => fail("oom"),
            error if error.contains("cpu") => fail("cpu_exhausted"),
            error if error.contains("shutting down") || error.contains("killed") => fail("killed"),
            error if error.contains("connection") => fail("room_connection"),
            error if error.contains("exit status") => fail("handler_crash"),
            _ if stored => fail("room_connection"),
            _ => abort("usual"),
        })
    }

    /// Whether the worker died, where no end was told.
    fn silence(&self, incident: &Incident, listings: &Listings) -> Option<Found> {
        let egress = self.egress;
        let replaced = self.session.egresses.iter().any(|other| other.is_composite() && other.started > egress.started);
        let finished = self.session.finished.is_some();
        if let Some(active) = egress.active
            && egress.ending.is_none()
            && let Some(left) = egress.recorder_left
            && left + SAME < self.session.end()
        {
            let delay = Span(left.since(active).0.saturating_sub(MISSED_AFTER.0));
            let strike = self.at("egress.stuck", "egress.active").span("delay", delay);
            return Some((strike, "its recorder left the room and no end was told: taken for a dead worker".into()));
        }
        if egress.active.is_none()
            && (finished || replaced)
            && incident.tells("participant_joined")
            && !egress.recorder_joined
        {
            let why =
                "it was told to be STARTING and nothing more, and its recorder never came: taken for a dead worker";
            return Some((self.at("egress.stuck", "egress.start"), why.into()));
        }
        let listing = listings.get(&egress.bucket).filter(|_| egress.ending.is_some())?;
        let announced = egress.info.file_results.iter().map(|file| file.filename.clone()).find(|name| !name.is_empty());
        let manifest = || format!("{}.json", egress.id);
        let is_there =
            |wanted: &str| listing.keys.keys().any(|key| key == wanted || key.ends_with(&format!("/{wanted}")));
        let missing = announced
            .filter(|name| !is_there(name))
            .or_else(|| Some(manifest()).filter(|name| egress.manifest && !is_there(name)))?;
        let why =
            format!("it was ENDING, no end was told, and {missing} is not in the listing: taken for a dead worker");
        Some((self.at("egress.stuck", "egress.ending"), why))
    }
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}
