//! Which deliveries are news, which repeat what was told, and which came late.
//!
//! The same id is the same delivery again. The same news under another id was told anew. An end that was told and did
//! not come was spurious. Where the capture does not say when something arrived, it arrived when the latest event before it
//! had been made, at the earliest.

use std::collections::BTreeMap;

use livekit_protocol as proto;

use super::capture::Capture;
use crate::time::{Span, Time};

/// A delivery that came later than this was held up. `created_at` is rounded to a second, and an attempt may fail once.
const LATE: Span = Span::seconds(4);
/// How long after something that was held up the next event of its queue comes.
const BEHIND: Span = Span::seconds(2);

/// An event, at its first arrival.
#[derive(Debug)]
pub(super) struct Told {
    /// Its place among the arrivals.
    pub(super) ix: usize,
    /// To the second.
    pub(super) created: Time,
    /// At the earliest.
    pub(super) arrived: Time,
    /// How often it came once more, and how long after the first time.
    pub(super) again: Option<(u64, Span)>,
    pub(super) sort: Sort,
    pub(super) late: Option<Late>,
}

/// What an event is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    News,
    /// The same as that of another place under a new id.
    NewId {
        of: usize,
    },
    /// A second end that says less.
    Poorer {
        of: usize,
    },
    /// An end that had not come.
    Spurious,
}

/// How an event came to be late.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Late {
    /// Its queue waited for it.
    Delayed,
    /// Its queue overtook it.
    Overtaken,
    /// It waited for another one.
    Behind,
}

/// The queue of LiveKit's notifier that an event waits in.
pub(super) fn queue(event: &proto::WebhookEvent) -> &str {
    match &event.egress_info {
        Some(info) => &info.egress_id,
        None => event.room.as_ref().map_or("", |room| &room.name),
    }
}

/// Goes through the arrivals.
pub(super) fn tell_apart(capture: &Capture) -> Vec<Told> {
    let mut told: Vec<Told> = Vec::new();
    let mut by_id: BTreeMap<&str, usize> = BTreeMap::new();
    let mut now = Time::default();
    // The receiver's clock may be another one than LiveKit's. What came quickest came at once.
    let came = |arrival: &super::capture::Arrival| Some(arrival.received?.since(arrival.created()));
    let apart = capture.arrivals.iter().filter_map(came).min().unwrap_or_default();
    for (ix, arrival) in capture.arrivals.iter().enumerate() {
        let created = arrival.created();
        let arrived = arrival.received.map_or(now, |received| received - apart).max(created);
        now = now.max(created);
        let id = arrival.event.id.as_str();
        if let Some(first) = by_id.get(id).copied().filter(|_| !id.is_empty()) {
            let first: &mut Told = &mut told[first];
            // What was not taken is sent again without anything having gone wrong on the way.
            if capture.arrivals[first.ix].status.is_none_or(|status| status < 500) {
                let (times, delay) = first.again.unwrap_or((0, arrived.since(first.arrived)));
                first.again = Some((times + 1, delay));
            }
            continue;
        }
        by_id.insert(id, told.len());
        told.push(Told { ix, created, arrived, again: None, sort: Sort::News, late: None });
    }
    find_repetitions(capture, &mut told);
    find_late(capture, &mut told);
    told
}

/// What an event says, its id and its time aside; none: it may well be said twice.
fn news(event: &proto::WebhookEvent) -> Option<(String, String)> {
    let about = if let Some(info) = &event.egress_info {
        match event.event.as_str() {
            "egress_updated" => format!("{}/{}/{}", info.egress_id, info.status, info.updated_at),
            _ => info.egress_id.clone(),
        }
    } else if let Some(track) = &event.track {
        track.sid.clone()
    } else if let Some(who) = &event.participant {
        who.sid.clone()
    } else {
        let room = event.room.as_ref()?;
        if room.sid.is_empty() { room.name.clone() } else { room.sid.clone() }
    };
    (!about.is_empty()).then(|| (event.event.clone(), about))
}

fn find_repetitions(capture: &Capture, told: &mut [Told]) {
    let mut first_by_news: BTreeMap<(String, String), usize> = BTreeMap::new();
    for at in 0..told.len() {
        let event = &capture.arrivals[told[at].ix].event;
        let Some(news) = news(event) else { continue };
        let Some(first) = first_by_news.insert(news.clone(), at) else { continue };
        let earlier = &capture.arrivals[told[first].ix].event;
        let (first_stands, sort) = match event.event.as_str() {
            "egress_ended" => second_end(earlier, event, first),
            "room_finished" => {
                let goes_on =
                    told[first + 1..at].iter().any(|told| same_room(earlier, &capture.arrivals[told.ix].event));
                if goes_on { (false, Sort::Spurious) } else { (true, Sort::NewId { of: first }) }
            }
            _ => (true, Sort::NewId { of: first }),
        };
        if first_stands {
            told[at].sort = sort;
            first_by_news.insert(news, first);
        } else {
            told[first].sort = sort;
        }
    }
}

/// Of two ends of one egress: whether the first one stands, and what the other one then is.
fn second_end(earlier: &proto::WebhookEvent, later: &proto::WebhookEvent, first: usize) -> (bool, Sort) {
    let status = |event: &proto::WebhookEvent| event.egress_info.as_ref().map(proto::EgressInfo::status);
    let handler_died = later.egress_info.as_ref().is_some_and(|info| info.error.starts_with("exit status"));
    if handler_died && status(earlier) != status(later) {
        (true, Sort::Poorer { of: first })
    } else if status(earlier) == Some(proto::EgressStatus::EgressAborted) && status(later) != status(earlier) {
        (false, Sort::Spurious)
    } else {
        (true, Sort::NewId { of: first })
    }
}

fn same_room(one: &proto::WebhookEvent, other: &proto::WebhookEvent) -> bool {
    let sid = |event: &proto::WebhookEvent| event.room.as_ref().map(|room| room.sid.clone());
    // An egress is told of for as long as it uploads.
    other.egress_info.is_none() && sid(one).is_some() && sid(one) == sid(other)
}

fn find_late(capture: &Capture, told: &mut [Told]) {
    // The latest that was made of what has come of each queue, and the last that was held up in it.
    let mut queues: BTreeMap<&str, (Time, Option<Time>)> = BTreeMap::new();
    for told in told {
        let event = &capture.arrivals[told.ix].event;
        let (latest, held) = queues.entry(queue(event)).or_default();
        if told.arrived.since(told.created) > LATE {
            let waited = held.is_some_and(|held| told.created <= held && told.arrived.since(held) <= BEHIND);
            told.late = Some(if *latest > told.created {
                Late::Overtaken
            } else if waited {
                Late::Behind
            } else {
                Late::Delayed
            });
            if told.late != Some(Late::Overtaken) {
                *held = Some(told.arrived);
            }
        }
        *latest = told.created.max(*latest);
    }
}
