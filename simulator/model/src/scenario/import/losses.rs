//! What became of the events on their way: lost, doubled, late, out of turn, untrue.
//!
//! Faults count events of a room by name, in the order in which they were made, those that were lost included. So what is
//! missing is put back into its place first.

use std::collections::{BTreeMap, BTreeSet};

use livekit_protocol as proto;
use proto::EgressStatus as Status;

use super::capture::Capture;
use super::deliveries::{Late, Sort, Told};
use super::incident::{Egress, Incident, Occurrence, Session};
use super::lives::ranked;
use super::strikes::{Strike, Strikes};
use super::{Report, count};
use crate::fault::Value;
use crate::time::{Span, Time};

/// Of so many that must have been made none was told: they are filtered out, not lost.
const FILTERED: usize = 3;
/// LiveKit drops what has waited for longer.
const QUEUE_AGE: Span = Span::seconds(30);

/// Names of events that the server does not send, as it seems, though there was occasion to.
pub(super) fn filtered(incident: &Incident) -> BTreeSet<&'static str> {
    let finished = incident.sessions.iter().filter(|session| session.finished.is_some()).count();
    let people: usize = incident.sessions.iter().map(|session| session.people.len()).sum();
    let egresses = incident.egresses().count();
    let complete = incident.egresses().filter(|egress| egress.info.status() == Status::EgressComplete).count();
    let ended = incident.egresses().filter(|egress| egress.ended.is_some() || egress.ending.is_some()).count();
    let published: usize =
        incident.sessions.iter().flat_map(|session| &session.people).map(|who| who.tracks.len()).sum();
    let occasions = [
        ("room_started", incident.sessions.len(), FILTERED),
        ("room_finished", finished, FILTERED),
        ("egress_started", egresses, FILTERED),
        ("egress_ended", ended, FILTERED),
        ("egress_updated", complete, 1),
        ("participant_joined", people.max(finished), 1),
        ("participant_left", people.max(finished).min(finished), 1),
        ("track_published", people.max(published), 1),
        ("track_unpublished", published.min(finished), 1),
    ];
    let silent = occasions.into_iter().filter(|(event, number, at_least)| number >= at_least && !incident.tells(event));
    silent.map(|(event, _, _)| event).collect()
}

/// Finds what befell events.
pub(super) fn undelivered(
    incident: &Incident,
    capture: &Capture,
    told: &[Told],
    strikes: &mut Strikes,
    report: &mut Report,
) {
    let filtered = filtered(incident);
    let mut all = incident.occurrences.clone();
    for session in &incident.sessions {
        missing_of_room(incident, session, &mut all);
    }
    for (session, egress, _) in ranked(incident) {
        missing_of_egress(incident, session, egress, &mut all);
    }
    all.retain(|occurrence| occurrence.told.is_some() || !filtered.contains(&*occurrence.event));
    all.sort_by_key(|occurrence| (occurrence.at, occurrence.told.unwrap_or(usize::MAX)));

    let aged_out = |lost: &Occurrence| {
        all.iter().filter(|other| other.queue == lost.queue).filter_map(|other| other.told).any(|at| {
            let held = &told[at];
            held.late == Some(Late::Delayed) && held.created <= lost.at && lost.at + QUEUE_AGE < held.arrived
        })
    };
    let mut counters: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    // Where each event that was told stands among those of its room and name.
    let mut places: BTreeMap<usize, (&Occurrence, u64)> = BTreeMap::new();
    let (mut lost, mut aged) = (0, 0);
    for occurrence in &all {
        let nth = counters.entry((&occurrence.room, &occurrence.event)).or_default();
        *nth += 1;
        match occurrence.told {
            Some(at) => drop(places.insert(at, (occurrence, *nth))),
            None if aged_out(occurrence) => aged += 1,
            None => {
                lost += 1;
                strikes.push(occurrence.at, strike("webhook.drop", occurrence, *nth));
                report.inferred.push(format!(
                    "{} number {nth} of {} never came: taken for lost",
                    occurrence.event, occurrence.room
                ));
            }
        }
    }
    if aged > 0 {
        report
            .inferred
            .push(format!("{} behind a delivery that hung: LiveKit drops them by itself", count(aged, "event")));
    }
    if lost > 0 {
        report.open.push(
            "what is taken for lost may have been left out of the capture: take those webhook.drop out then".into(),
        );
    }
    let way = Way { capture, told, all: &all, places: &places };
    for at in 0..told.len() {
        for (moment, strike, why) in way.befell(at) {
            strikes.push(moment, strike);
            report.inferred.push(why);
        }
    }
}

fn strike(kind: &str, occurrence: &Occurrence, nth: u64) -> Strike {
    Strike::at(kind, "webhook.delivery", &occurrence.room, nth).of_event(&occurrence.event)
}

/// From the notifier to the operator.
struct Way<'a> {
    capture: &'a Capture,
    told: &'a [Told],
    all: &'a [Occurrence],
    places: &'a BTreeMap<usize, (&'a Occurrence, u64)>,
}

impl Way<'_> {
    /// What befell an event, when, and in words.
    fn befell(&self, at: usize) -> Vec<(Time, Strike, String)> {
        let told = &self.told[at];
        let mut found = Vec::new();
        match told.sort {
            Sort::News => {
                let Some((occurrence, nth)) = self.places.get(&at) else { return found };
                let name = format!("{} of {}", occurrence.event, occurrence.room);
                if let Some((times, delay)) = told.again {
                    let twice = strike("webhook.duplicate", occurrence, *nth).span("delay", at_least_a_second(delay));
                    let twice = if times > 1 { twice.with("times", Value::Integer(times)) } else { twice };
                    found.push((occurrence.at, twice, format!("{name} came {} more under its id", times_of(times))));
                }
                let by = told.arrived.since(told.created);
                let kind = match told.late {
                    Some(Late::Delayed) => "webhook.delay",
                    Some(Late::Overtaken) => "webhook.reorder",
                    Some(Late::Behind) | None => return found,
                };
                let how = if kind == "webhook.delay" { "hung" } else { "was overtaken" };
                let late = strike(kind, occurrence, *nth).span("by", by);
                found.push((occurrence.at, late, format!("{name} {how} for {by} or more")));
            }
            Sort::NewId { of } | Sort::Poorer { of } => {
                let Some((occurrence, nth)) = self.places.get(&of) else { return found };
                let copy = if told.sort == (Sort::Poorer { of }) { "poorer" } else { "new_id" };
                let delay = at_least_a_second(told.created.since(self.told[of].created));
                let again = strike("webhook.duplicate", occurrence, *nth).word("copy", copy).span("delay", delay);
                let why = format!("{} of {} was told again under a new id ({copy})", occurrence.event, occurrence.room);
                found.push((occurrence.at, again, why));
            }
            Sort::Spurious => found.extend(self.spurious(at)),
        }
        found
    }

    /// An end that had not come: it follows the start of what it is about.
    fn spurious(&self, at: usize) -> Option<(Time, Strike, String)> {
        let (told, event) = (&self.told[at], &self.capture.arrivals[self.told[at].ix].event);
        let room = &event.room.as_ref()?.name;
        let mine = |known: &&Occurrence| known.room == *room && known.told.is_some() && known.at <= told.created;
        let about = match &event.egress_info {
            Some(info) => self.all.iter().rfind(|known| mine(known) && known.queue == info.egress_id),
            None => self.all.iter().filter(mine).rfind(|known| known.event == "room_started"),
        };
        let about = about.or_else(|| self.all.iter().find(mine))?;
        let (_, nth) = self.places.get(&about.told?)?;
        let delay = at_least_a_second(told.created.since(about.at));
        let claim = strike("webhook.spurious", about, *nth).word("claims", &event.event).span("delay", delay);
        Some((about.at, claim, format!("{} of {room} was told before it was so", event.event)))
    }
}

fn at_least_a_second(span: Span) -> Span {
    span.max(Span::SECOND)
}

fn times_of(times: u64) -> String {
    if times == 1 { "once".into() } else { format!("{times} times") }
}

fn missing_of_room(incident: &Incident, session: &Session, all: &mut Vec<Occurrence>) {
    let lost = |event: &str, at| Occurrence {
        event: event.into(),
        room: session.room.clone(),
        queue: session.room.clone(),
        at,
        told: None,
    };
    // What began before the first event of the capture was told before it.
    if !session.start_told && session.started >= incident.first {
        all.push(lost("room_started", session.started));
    }
    if !session.finish_told
        && let Some(finished) = session.finished
    {
        all.push(lost("room_finished", finished));
    }
}

fn missing_of_egress(incident: &Incident, session: &Session, egress: &Egress, all: &mut Vec<Occurrence>) {
    let mut lost = |event: &str, at| {
        all.push(Occurrence {
            event: event.into(),
            room: session.room.clone(),
            queue: egress.id.clone(),
            at,
            told: None,
        });
    };
    if !egress.heard_any("egress_started") && egress.started >= incident.first {
        lost("egress_started", egress.started);
    }
    if egress.stuck {
        return;
    }
    let replaced = session.egresses.iter().any(|other| other.is_composite() && other.started > egress.started);
    let over = egress.ended.is_some() || session.finished.is_some() || (egress.is_composite() && replaced);
    if let Some(active) = egress.active.filter(|_| !egress.heard("egress_updated", Status::EgressActive)) {
        lost("egress_updated", active);
    }
    let stop = egress.ending.or(egress.ended).unwrap_or(session.end());
    let stops = egress.ended.is_none() || egress.info.status() == Status::EgressComplete;
    if over && stops && !egress.heard("egress_updated", Status::EgressEnding) && egress.active.is_some() {
        lost("egress_updated", stop);
    }
    if over && egress.ended.is_none() {
        lost("egress_ended", stop + Span::SECOND);
    }
}
