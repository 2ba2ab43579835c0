//! `[[command]]`, `[[fault]]`, and the named steps that they follow.

use std::collections::BTreeMap;

use super::Reader;
use super::block::{Block, unknown};
use super::problem::{Problem, nearest, suggestion};
use crate::fault::kinds::s3::LAST_BUCKET;
use crate::fault::points::all_points;
use crate::fault::{self, Anchor, Default as ParameterDefault, Fault, Filter, Kind, Value};
use crate::scenario::{Command, OrderKind, When};

impl<'d> Reader<'d> {
    pub(super) fn command(&mut self, block: &Block<'d>) -> Command {
        self.known_tenant(block);
        let when = match (block.has("at"), block.has("after")) {
            (true, true) => {
                self.two_times(block, "at", "after");
                When::At(block.span("at"))
            }
            (false, true) => When::After(block.text("after")),
            (true, false) => {
                let at = block.span("at");
                self.within_horizon(block, "at", at, "the command is given");
                When::At(at)
            }
            (false, false) => {
                let problem = Problem::new(block.place(), "the command does not say when");
                self.problems
                    .push(problem.help("write at = \"30d\", from the world's start, or after = \"a named step\""));
                When::At(super::Span::ZERO)
            }
        };
        Command {
            name: block.text("name"),
            when,
            order: block.word("do", &[OrderKind::LegalHold, OrderKind::LiftHold, OrderKind::Playback], OrderKind::name),
            tenant: block.text("tenant"),
            room: block.given_text("room").map(Into::into),
        }
    }

    fn two_times(&mut self, block: &Block<'d>, one: &str, other: &str) {
        let problem = Problem::new(block.place_of(other), format!("`{one}` and `{other}` both say when"));
        self.problems.push(problem.also(block.place_of(one), "here too").help("keep one of them"));
    }

    /// None where the kind is unknown; that is a problem of its own.
    pub(super) fn fault(&mut self, block: &Block<'d>) -> Option<Fault> {
        let filter = self.filter(&block.table("where"));
        let name = block.given_text("do")?;
        let Some(kind) = fault::kind(name) else {
            self.problems.push(unknown_fault(block, name));
            return None;
        };
        let anchor = self.anchor(block, kind);
        let window = block.given_span("for");
        if window.is_some() && block.integer("count") > 1 {
            let problem = Problem::new(block.place_of("count"), "`count` and `for` both say how long it goes on");
            self.problems.push(problem.also(block.place_of("for"), "here too").help("keep one of them"));
        }
        let mut parameters = BTreeMap::new();
        for parameter in kind.parameters {
            let value = match parameter.default {
                ParameterDefault::Integer(_) => block.given_integer(parameter.name).map(Value::Integer),
                ParameterDefault::Span(_) | ParameterDefault::SpanOf(_) => {
                    block.given_span(parameter.name).map(Value::Span)
                }
                ParameterDefault::Text(_) | ParameterDefault::OneOf(_) => {
                    block.given_text(parameter.name).map(|text| Value::Text(text.into()))
                }
            };
            parameters.extend(value.map(|value| (parameter.name, value)));
        }
        if kind.name == "s3.replica"
            && let Some(to) = block.given_text("to")
            && to != LAST_BUCKET
            && !self.buckets.contains(&to)
        {
            self.problems.push(unknown(block.place_of("to"), "bucket", to, &self.buckets, "buckets"));
        }
        Some(Fault { name: block.text("name"), kind, anchor, window, filter, parameters })
    }

    /// A deploy that rolls back needs something to roll back to.
    pub(super) fn roll_backs(&mut self, root: &Block<'d>) {
        if root.table("operator").has("older") {
            return;
        }
        for block in &root.tables("fault") {
            if block.given_text("do") == Some("operator.deploy") && block.given_text("to") == Some("older") {
                let problem = Problem::new(block.place_of("to"), "there is no older operator to roll back to");
                self.problems.push(problem.help("write older = \"builtin:reference\" or another OP below [operator]"));
            }
        }
    }

    fn anchor(&mut self, block: &Block<'d>, kind: &'static Kind) -> Anchor {
        let written: Vec<&str> = ["at", "after", "on"].into_iter().filter(|key| block.has(key)).collect();
        if let [one, other, ..] = written[..] {
            self.two_times(block, one, other);
        }
        if let Some(when @ ("at" | "after")) = written.first().copied() {
            for key in ["nth", "count"].into_iter().filter(|key| block.has(key)) {
                let problem =
                    Problem::new(block.place_of(key), format!("`{key}` counts matches of `on`, not of `{when}`"));
                self.problems.push(problem.help(format!("take `{key}` out, or write `on` instead of `{when}`")));
            }
        }
        if block.has("at") {
            let at = block.span("at");
            self.within_horizon(block, "at", at, "the fault would strike");
            Anchor::At(at)
        } else if block.has("after") {
            Anchor::After(block.text("after"))
        } else {
            let point = block.given_text("on").unwrap_or(kind.on);
            if !kind.strikes_at(point) {
                self.problems.push(wrong_point(block, kind, point));
            }
            Anchor::On { point: point.into(), nth: block.integer("nth"), count: block.integer("count") }
        }
    }

    fn filter(&mut self, block: &Block<'d>) -> Filter {
        self.known_tenant(block);
        let text = |key: &str| block.given_text(key).map(Into::into);
        Filter {
            event: text("event"),
            bucket: self.known_bucket(block, "bucket"),
            key: text("key"),
            tenant: text("tenant"),
            room: text("room"),
            instance: block.given_integer("instance"),
        }
    }

    /// Names of steps are unique, `after` names one, and nothing waits for itself.
    pub(super) fn steps(&mut self, root: &Block<'d>) {
        let named: Vec<Block<'d>> =
            ["call", "command", "fault"].into_iter().flat_map(|table| root.tables(table)).collect();
        self.each_once(&named, "name", "step");
        let known: Vec<&str> = named.iter().filter_map(|block| block.given_text("name")).collect();
        let waiting: Vec<Block<'d>> = ["command", "fault"].into_iter().flat_map(|table| root.tables(table)).collect();
        let mut behind: BTreeMap<&str, &str> = BTreeMap::new();
        for block in &waiting {
            let Some(after) = block.given_text("after") else { continue };
            if known.contains(&after) {
                behind.extend(block.given_text("name").map(|name| (name, after)));
            } else {
                let problem = unknown(block.place_of("after"), "step", after, &known, "named steps");
                self.problems.push(problem);
            }
        }
        let mut reported: Vec<&str> = Vec::new();
        for block in &waiting {
            let Some(name) = block.given_text("name") else { continue };
            let round = circle(name, &behind);
            if !round.is_empty() && !round.iter().any(|step| reported.contains(step)) {
                let message = format!("\"{name}\" waits for itself: {} waits for {name}", round.join(" waits for "));
                let problem = Problem::new(block.place_of("after"), message);
                self.problems.push(problem.help("give one of them an `at`, or another step to follow"));
                reported.extend(round);
            }
        }
    }
}

/// The steps from `name` along `after` back to it; empty where the way does not lead back.
fn circle<'d>(name: &'d str, behind: &BTreeMap<&'d str, &'d str>) -> Vec<&'d str> {
    let mut way = vec![name];
    let mut step = name;
    while let Some(next) = behind.get(step) {
        if *next == name {
            return way;
        }
        if way.contains(next) {
            break;
        }
        way.push(next);
        step = next;
    }
    Vec::new()
}

/// The one probably meant, or those of the surface, or the surfaces there are.
fn unknown_fault(block: &Block<'_>, name: &str) -> Problem {
    let kinds = || fault::KINDS.iter().map(|kind| kind.name);
    let surface_of = |kind: &'static str| kind.split('.').next().unwrap_or(kind);
    let help = nearest(name, kinds()).map_or_else(
        || {
            let surface = name.split('.').next().unwrap_or(name);
            let beside: Vec<&str> = kinds().filter(|kind| surface_of(kind) == surface).collect();
            let mut surfaces: Vec<&str> = kinds().map(surface_of).collect();
            surfaces.dedup();
            if beside.is_empty() {
                format!("faults strike at {}; `egress-sim explain` lists them", surfaces.join(", "))
            } else {
                format!("faults of {surface}: {}", beside.join(", "))
            }
        },
        |meant| format!("did you mean \"{meant}\"?"),
    );
    Problem::new(block.place_of("do"), format!("there is no fault \"{name}\"")).help(help)
}

fn wrong_point(block: &Block<'_>, kind: &'static Kind, point: &str) -> Problem {
    let at = block.place_of("on");
    let own = kind.points.join(", ");
    if all_points().any(|known| known == point) || point.ends_with('*') {
        let message = format!("{} does not strike at `{point}`", kind.name);
        return Problem::new(at, message).help(format!("it strikes at {own}"));
    }
    let candidates: Vec<&str> = all_points().filter(|candidate| kind.strikes_at(candidate)).collect();
    let help = match nearest(point, candidates.iter().copied()) {
        Some(_) => suggestion(point, &candidates, "points"),
        None => format!("{} strikes at {own}", kind.name),
    };
    Problem::new(at, format!("there is no point \"{point}\"")).help(help)
}
