//! Every kind of fault, in each of its forms, at every point where it may strike: is there a run in which it does?
//!
//! Each cell of `tests/matrix.txt` is one fault of one scenario, `on` that point with `count = 3`, run natively by an
//! operator that makes every call of the contract and by the reference operator; the number says how often it struck in
//! both. A cell without a strike must be explained in [`EXPLAINED`], and what is explained must be such a cell. After a
//! change that is meant to move it: `UPDATE_MATRIX=1 cargo test --release -p egress-sim-tests --test matrix`.

use std::fmt::Write as _;
use std::rc::Rc;
use std::sync::Arc;

use egress_sim_model::fault::points::CALLS;
use egress_sim_model::fault::{Default, KINDS, Kind, points};
use egress_sim_model::operator::Host;
use egress_sim_model::scenario::file;
use egress_sim_model::scenario::keys::EVENTS;
use egress_sim_tests::{in_parallel, native, pinned, run};

#[path = "matrix/every_call.rs"]
mod every_call;

/// Two tenants' worth of everything: an MP4, an HLS, raw tracks, a versioned bucket, deletion in pages of two, two instances.
const WORLD: &str = r#"
format = 1
[world]
horizon = "30d"
list_page = 2
[operator]
older = "builtin:reference"
[[tenant]]
name = "acme"
buckets = ["acme-plain", "acme-versioned"]
cdn = "cdn.acme.example"
retention = "2d"
contract_end = "5d"
delete_within = "10d"
[[bucket]]
name = "acme-versioned"
versioning = true
[[call]]
tenant = "acme"
room = "hearing"
participants = ["alice", "bob"]
at = "1h"
duration = "6m"
recording = "compliance"
output = "hls"
[[call]]
tenant = "acme"
room = "standup"
participants = ["alice", "bob"]
at = "2h"
duration = "3m"
recording = "compliance"
output = "mp4"
[[call]]
tenant = "acme"
room = "support"
participants = ["agent", "caller"]
at = "3h"
duration = "3m"
recording = "processing"
[[command]]
at = "1d"
do = "playback"
tenant = "acme"
room = "hearing"
"#;

const NOT_VERSIONED: &str =
    "in the versioned bucket nobody makes this call, and in another there is nothing to suspend";

/// Cells without a strike: patterns of kind, point and event, and why nothing can strike there.
const EXPLAINED: &[(&str, &str, &str, &str)] = &[
    ("s3.versioning_suspended", "s3.abort_multipart_upload", "", NOT_VERSIONED),
    ("s3.versioning_suspended", "s3.delete_object", "", NOT_VERSIONED),
    ("s3.versioning_suspended", "s3.get_bucket_versioning", "", NOT_VERSIONED),
    ("s3.versioning_suspended", "s3.put_object", "", NOT_VERSIONED),
    ("webhook.*", "*", "ingress_*", "no scenario has an ingress"),
    ("webhook.*", "*", "agent_job_*", "no scenario has an agent"),
    ("webhook.*", "*", "participant_connection_aborted", "everybody who joins gets through"),
];

/// Where a fault strikes, and in which form.
struct Cell {
    kind: &'static Kind,
    point: &'static str,
    /// The webhook's event, where the point is about one.
    event: &'static str,
    /// The parameter that says what becomes of it, with one of its words.
    form: Option<(&'static str, &'static str)>,
}

impl Cell {
    /// The forms of a kind: the words of `effect`, or of its first parameter that has a choice.
    fn forms(kind: &'static Kind) -> Vec<Option<(&'static str, &'static str)>> {
        let choices = kind.parameters.iter().filter_map(|parameter| match parameter.default {
            Default::OneOf(words) => Some((parameter.name, words)),
            _ => None,
        });
        match choices.min_by_key(|(name, _)| *name != "effect") {
            Some((name, words)) => words.iter().map(|word| Some((name, *word))).collect(),
            None => vec![None],
        }
    }

    fn strikes(&self) -> u64 {
        let form = self.form.map(|(name, word)| format!("{name} = \"{word}\"\n")).unwrap_or_default();
        let filter = if self.event.is_empty() { String::new() } else { format!("where.event = \"{}\"\n", self.event) };
        let fault =
            format!("[[fault]]\ndo = \"{}\"\non = \"{}\"\ncount = 3\n{filter}{form}", self.kind.name, self.point);
        let source = format!("{WORLD}{fault}");
        let scenario =
            file::parse("matrix", &source).unwrap_or_else(|error| panic!("{fault}\n{}", error.render("matrix")));
        let scenario = Rc::new(scenario);
        let hosts: [&dyn Host; 2] = [&every_call::EveryCall, &native("reference")];
        hosts.into_iter().map(|host| run(&scenario, host).faults_fired[0]).sum()
    }

    /// Why nothing strikes here.
    fn explained(&self) -> Option<&'static str> {
        let found = EXPLAINED.iter().find(|(kind, point, event, _)| {
            matches(kind, self.kind.name) && matches(point, self.point) && matches(event, self.event)
        });
        found.map(|(.., why)| *why)
    }

    /// The table that it stands in.
    fn table(&self) -> &'static str {
        match self.point.split('.').next().unwrap_or_default() {
            _ if !self.event.is_empty() => self.point,
            "livekit" => "calls to LiveKit",
            "s3" => "calls to the sink",
            "store" | "audit" | "publish" | "timers" => "calls to the durable ports",
            "webhook" | "check" | "clock" | "entropy" | "log" => "calls to the host",
            _ => "moments",
        }
    }

    /// Its column in there.
    fn column(&self) -> &'static str {
        if self.event.is_empty() { self.point } else { self.event }
    }

    fn row(&self) -> (&'static str, String) {
        (self.kind.name, self.form.map(|(name, word)| format!("{name} = {word}")).unwrap_or_default())
    }
}

fn matches(pattern: &str, name: &str) -> bool {
    pattern.strip_suffix('*').map_or(pattern == name, |beginning| name.starts_with(beginning))
}

fn cells() -> Vec<Cell> {
    let mut cells = Vec::new();
    for kind in KINDS {
        for point in points().filter(|point| kind.strikes_at(point)) {
            let of_event = point.starts_with("webhook.") && !CALLS.contains(&point);
            let events: &[&str] = if of_event { EVENTS } else { &[""] };
            for event in events {
                cells.extend(Cell::forms(kind).into_iter().map(|form| Cell { kind, point, event, form }));
            }
        }
    }
    cells
}

/// One table: its columns are numbered, its rows are kinds in their forms.
fn write_table(text: &mut String, title: &str, cells: &[(&Cell, u64)]) {
    let mut columns: Vec<&str> = Vec::new();
    let mut rows: Vec<(&str, String)> = Vec::new();
    for (cell, _) in cells {
        if !columns.contains(&cell.column()) {
            columns.push(cell.column());
        }
        if !rows.contains(&cell.row()) {
            rows.push(cell.row());
        }
    }
    let _ = writeln!(text, "\n{title}\n");
    for (number, column) in columns.iter().enumerate() {
        let _ = writeln!(text, "  {:>2}  {column}", number + 1);
    }
    let heads = (1..=columns.len()).fold(String::new(), |heads, number| heads + &format!("{number:>4}"));
    let _ = writeln!(text, "\n  {:<52}{heads}", "");
    let mut last = "";
    for (kind, form) in rows {
        let name = if kind == last { "" } else { kind };
        last = kind;
        let found = columns.iter().map(|column| {
            let cell = cells.iter().find(|(cell, _)| cell.column() == *column && cell.row() == (kind, form.clone()));
            match cell {
                None => "    ".into(),
                Some((_, 0)) => "   -".into(),
                Some((_, strikes)) => format!("{strikes:>4}"),
            }
        });
        let found: String = found.collect();
        let line = format!("  {name:<22}{form:<30}{found}");
        let _ = writeln!(text, "{}", line.trim_end());
    }
}

#[test]
fn every_fault_strikes_wherever_it_may() {
    let cells = cells();
    let strikes = in_parallel(cells.len(), |ix| cells[ix].strikes());
    let found: Vec<(&Cell, u64)> = cells.iter().zip(strikes).collect();

    let mut text =
        "Strikes of every kind of fault, in each of its forms, at each point: see the head of tests/matrix.rs.\n"
            .to_owned();
    let mut titles: Vec<&str> = Vec::new();
    for cell in &cells {
        if !titles.contains(&cell.table()) {
            titles.push(cell.table());
        }
    }
    titles.sort_unstable();
    for title in titles {
        let own: Vec<(&Cell, u64)> = found.iter().filter(|(cell, _)| cell.table() == title).copied().collect();
        write_table(&mut text, title, &own);
    }
    text.push_str("\n-  no strike\n\n");
    for (kind, point, event, why) in EXPLAINED {
        let place = if event.is_empty() { (*point).to_owned() } else { format!("{point} of {event}") };
        let _ = writeln!(text, "  {kind} at {place}: {why}");
    }
    println!("{text}");

    let mut wrong: Vec<String> = Vec::new();
    for (cell, strikes) in &found {
        let name = format!("{} {:?} at {} {}", cell.kind.name, cell.form, cell.point, cell.event);
        match (strikes, cell.explained()) {
            (0, None) => wrong.push(format!("{name} never strikes; make it strike in WORLD, or say why in EXPLAINED")),
            (1.., Some(why)) => wrong.push(format!("{name} strikes {strikes} times, although `{why}`")),
            _ => {}
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for (kind, point, event, why) in EXPLAINED {
        let used = cells
            .iter()
            .any(|cell| matches(kind, cell.kind.name) && matches(point, cell.point) && matches(event, cell.event));
        assert!(used, "`{why}` explains nothing");
    }
    pinned("tests/matrix.txt", &text, "UPDATE_MATRIX", "see the head of tests/matrix.rs");
}

#[test]
fn every_call_is_made() {
    let script = every_call::script(&Arc::from("EG_x"), 0);
    let mut made: Vec<&str> = script.iter().map(egress_sim_model::call::Call::name).collect();
    made.sort_unstable();
    made.dedup();
    assert_eq!(made, CALLS);
}
