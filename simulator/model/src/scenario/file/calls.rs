//! `[[call]]`: rules, who takes part, and that no two live calls share a room.

use std::collections::{BTreeMap, BTreeSet};

use super::block::Block;
use super::problem::Problem;
use super::{Reader, Span};
use crate::livekit::TrackSource;
use crate::scenario::keys::CALLS_MAX;
use crate::scenario::{Call, OutputKind, Participant, Recording};

const TRACKS: [TrackSource; 4] =
    [TrackSource::Microphone, TrackSource::Camera, TrackSource::ScreenShare, TrackSource::ScreenShareAudio];

/// Rules beyond so many are not compared in pairs first.
const PAIRS_MAX: usize = 500;

impl<'d> Reader<'d> {
    pub(super) fn calls(&mut self, blocks: &[Block<'d>]) -> Vec<Call> {
        let mut calls = Vec::new();
        let mut sound = Vec::new();
        let mut total: u64 = 0;
        for block in blocks {
            let before = self.problems.len();
            let spoilt = self.problems.iter().any(|problem| belongs_to(problem, block, blocks));
            let call = self.call(block);
            total = total.saturating_add(call.count);
            if total > CALLS_MAX && total - call.count <= CALLS_MAX {
                let message = format!("{total} calls up to here are too large a number");
                let help = format!("a scenario may have {CALLS_MAX} calls, all rules together");
                self.problems.push(Problem::new(block.place_of("count"), message).help(help));
            }
            if !spoilt && before == self.problems.len() {
                sound.push((calls.len(), *block));
            }
            calls.push(call);
        }
        self.one_room_at_a_time(&calls, &sound);
        calls
    }

    fn call(&mut self, block: &Block<'d>) -> Call {
        self.known_tenant(block);
        self.template(block);
        let count = block.integer("count");
        let duration = block.span("duration");
        if count > 1 && !block.has("every") {
            let problem = Problem::new(block.place_of("count"), format!("{count} calls, but `every` is missing"));
            self.problems
                .push(problem.help("write how long after one call the next one starts, such as every = \"5m\""));
        }
        if let Some(segment) = block.given_span("segment")
            && !segment.0.is_multiple_of(Span::SECOND.0)
        {
            let problem =
                Problem::new(block.place_of("segment"), format!("a `segment` of {segment} is not whole seconds"));
            self.problems.push(problem.help("LiveKit takes whole seconds: write \"6s\" or the like"));
        }
        let call = Call {
            name: block.text("name"),
            tenant: block.text("tenant"),
            room: block.text("room"),
            participants: self.participants(block),
            at: block.span("at"),
            count,
            every: block.span("every"),
            duration,
            recording: block.word(
                "recording",
                &[Recording::None, Recording::Compliance, Recording::Processing],
                Recording::name,
            ),
            output: block.word("output", &[OutputKind::Mp4, OutputKind::Hls], OutputKind::name),
            segment: block.span("segment"),
        };
        self.call_times(block, &call);
        call
    }

    fn call_times(&mut self, block: &Block<'d>, call: &Call) {
        let last_start = u128::from(call.at.0) + u128::from(call.every.0) * u128::from(call.count - 1);
        let Ok(last_start) = u64::try_from(last_start).map(Span) else {
            let message = "the rule's last call starts beyond the year 2554, where the clock ends";
            let problem = Problem::new(block.place_of("every"), message);
            self.problems.push(problem.help("write a smaller `count` or a shorter `every`"));
            return;
        };
        if call.count == 1 {
            self.within_horizon(block, "at", call.at, "the call starts");
        } else {
            let key = if call.at >= self.horizon { "at" } else { "count" };
            self.within_horizon(block, key, last_start, "the rule's last call starts");
        }
        if last_start < self.horizon {
            self.on_the_clock(block, "duration", &[last_start, call.duration]);
        }
    }

    fn template(&mut self, block: &Block<'d>) {
        let Some(template) = block.given_text("room") else { return };
        let rest = template.replace("{n}", "").replace("{tenant}", "");
        if let Some(brace) = rest.find(['{', '}']) {
            let message = format!("the room \"{template}\" has something else in braces than {{n}} or {{tenant}}");
            let end = rest[brace..].find('}').map_or(rest.len(), |end| brace + end + 1);
            let help = format!(
                "templates know {{n}}, the call's number from 0, and {{tenant}}; take {} out",
                &rest[brace..end]
            );
            self.problems.push(Problem::new(block.place_of("room"), message).help(help));
        }
    }

    fn participants(&mut self, block: &Block<'d>) -> Vec<Participant> {
        let blocks = block.tables("participant");
        match (block.has("participants"), block.has("participant")) {
            (true, true) => {
                let problem = Problem::new(
                    block.place_of("participants"),
                    "the call has `participants` and [[call.participant]] blocks",
                );
                self.problems.push(problem.help("write all of them in one way"));
            }
            (false, false) => {
                let problem = Problem::new(block.place(), "nobody takes part in the call");
                self.problems
                    .push(problem.help("write participants = [\"alice\", \"bob\"], or [[call.participant]] blocks"));
            }
            _ => {}
        }
        if blocks.is_empty() {
            return block.texts("participants").iter().map(|identity| Participant::named(identity)).collect();
        }
        self.each_once(&blocks, "identity", "participant");
        let duration = block.given_span("duration");
        blocks.iter().map(|participant| self.participant(participant, duration)).collect()
    }

    fn participant(&mut self, block: &Block<'d>, duration: Option<Span>) -> Participant {
        let identity = block.text("identity");
        let join = block.span("join");
        let leave = block.given_span("leave");
        if let Some(leave) = leave
            && leave <= join
        {
            let message = format!("\"{identity}\" leaves after {leave}, but joins after {join} only");
            let problem = Problem::new(block.place_of("leave"), message);
            self.problems.push(problem.help("both count from the call's start: `leave` must be the later one"));
        }
        if let Some(duration) = duration
            && join >= duration
        {
            let message = format!("\"{identity}\" joins after {join}, but the call lasts {duration} only");
            let problem = Problem::new(block.place_of("join"), message);
            self.problems.push(problem.help("`join` counts from the call's start: write a shorter one"));
        }
        let tracks = block.texts("tracks");
        let tracks = tracks.iter().filter_map(|name| TRACKS.into_iter().find(|track| track.name() == name)).collect();
        Participant { identity, join, leave, tracks }
    }

    /// LiveKit knows a live room by its name: a second call with the same one would be the same call. A room that ends
    /// in the very moment in which the next one begins is still there.
    fn one_room_at_a_time(&mut self, calls: &[Call], sound: &[(usize, Block<'d>)]) {
        let place =
            |rule: usize| sound.iter().find(|(index, _)| *index == rule).map(|(_, block)| block.place_of("room"));
        let mut rooms: BTreeMap<String, Vec<(Span, usize)>> = BTreeMap::new();
        for (rule, block) in sound {
            let call = &calls[*rule];
            if call.count > 1 && !call.room.contains("{n}") && call.every <= call.duration {
                let message = format!(
                    "the room \"{}\" would be live twice: a call lasts {} and the next one starts {} after it",
                    call.room_name(0),
                    call.duration,
                    call.every
                );
                let help = "put {n} into the room's name, or make `every` longer than `duration`";
                self.problems.push(Problem::new(block.place_of("room"), message).help(help));
            } else if sound.len() > PAIRS_MAX
                || sound.iter().any(|(other, _)| other != rule && may_meet(call, &calls[*other]))
            {
                for n in 0..call.count {
                    rooms.entry(call.room_name(n)).or_default().push((call.start(n), *rule));
                }
            }
        }
        let mut reported = BTreeSet::new();
        for (room, mut starts) in rooms {
            starts.sort_unstable();
            // The one that lives longest among those that have started.
            let mut last: Option<(Span, Span, usize)> = None;
            for (start, rule) in starts {
                let end = start + calls[rule].duration;
                if let Some((other_start, other_end, other)) = last
                    && start <= other_end
                    && reported.insert((rule.min(other), rule.max(other)))
                {
                    let (later, earlier) = (rule.max(other), rule.min(other));
                    let message = format!(
                        "the room \"{room}\" would be live twice: from {other_start} to {other_end} and from {start} to {end}"
                    );
                    let at = place(later).unwrap_or_default();
                    let problem = Problem::new(at, message).also(place(earlier).unwrap_or_default(), "the other one");
                    let help = "give the room another name, or let one call end before the other one starts";
                    self.problems.push(problem.help(help));
                }
                if last.is_none_or(|(_, other_end, _)| end > other_end) {
                    last = Some((start, end, rule));
                }
            }
        }
    }
}

/// Whether two templates could ever make the same name, by what stands before the first and behind the last `{n}`.
fn may_meet(one: &Call, other: &Call) -> bool {
    let ends = |call: &Call| {
        let name = call.room.replace("{tenant}", &call.tenant);
        match (name.find("{n}"), name.rfind("{n}")) {
            (Some(first), Some(last)) => (name[..first].to_owned(), name[last + 3..].to_owned()),
            _ => (name.clone(), name),
        }
    };
    let ((one_begins, one_ends), (other_begins, other_ends)) = (ends(one), ends(other));
    (one_begins.starts_with(&other_begins) || other_begins.starts_with(&one_begins))
        && (one_ends.ends_with(&other_ends) || other_ends.ends_with(&one_ends))
}

/// Whether a problem lies within a block: between its header and the next one's.
fn belongs_to(problem: &Problem, block: &Block<'_>, blocks: &[Block<'_>]) -> bool {
    let start = block.place().start;
    let end = blocks.iter().map(|other| other.place().start).filter(|other| *other > start).min();
    problem.at.start >= start && end.is_none_or(|end| problem.at.start < end)
}
