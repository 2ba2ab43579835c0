//! `egress-sim run`: each scenario once, again where there is something to tell or to compare, and the report.

use std::panic::{self, AssertUnwindSafe};
use std::path::Path;
use std::rc::Rc;
use std::time::Instant;

use egress_sim_campaign::determinism::{Marks, Records, with_record};
use egress_sim_model::operator::Host;
use egress_sim_model::property::{self, Violation};
use egress_sim_model::scenario::Scenario;
use egress_sim_model::state::State;
use egress_sim_model::time::Time;
use egress_sim_model::trace::{Fact, TraceHash, Witness};
use egress_sim_model::world::{self, Outcome};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::arguments::{Format, Run, Sockets};
use crate::console::{self, Paint};
use crate::determinism::{self, Start};
use crate::exit::Exit;
use crate::operator::{Choice, Loaded, Shelf};
use crate::report::github::{self, GitHub};
use crate::report::human::Human;
use crate::report::{Report, json, junit};
use crate::scenarios::{self, Source};
use crate::story::Gatherer;
use crate::trace_file::TraceFile;
use crate::{UserError, bug, output, reserved, sweep};

pub mod replay;
mod sockets;

use sockets::Stage;

/// Does it all, and gives the exit code that wins.
///
/// # Errors
/// What is wrong with the arguments, or with a place that the report should go to.
pub fn run(arguments: &Run) -> Result<Exit, UserError> {
    if arguments.html.is_some() {
        return Err(reserved::flag("--html", "--format json has all that is known of a run"));
    }
    let mut session = Session { ci: console::ci(), ..Session::plain(arguments, Shelf::default()) };
    let mut stage = None;
    match &arguments.operator {
        Some(url) if sockets::is_url(url) => stage = Some(Stage::open(arguments, url)?),
        Some(op) => {
            sockets::refuse(arguments)?;
            session.shelf.get(&Choice::parse(op, Path::new(""))?, op)?;
        }
        None => {}
    }
    let sources = scenarios::read_all(&arguments.paths)?;
    if arguments.trace.is_some() && sources.len() != 1 {
        return Err(UserError(format!(
            "--trace takes one scenario, but the paths have {}; name the file of one",
            sources.len()
        )));
    }
    let names = sources.iter().map(Source::name);
    let ops = sources.iter().filter_map(|source| session.op(source.scenario.as_ref().ok()?));
    let paint = Paint(console::colour() && arguments.output.is_none());
    let human = Human::new(paint, arguments.verbose, names, ops);
    let streams = arguments.format == Format::Human && arguments.output.is_none();
    let mut reports = Vec::with_capacity(sources.len());
    for source in sources {
        let report = match &mut stage {
            Some(stage) => stage.one(source),
            None => session.one(source),
        };
        if streams {
            console::print(&human.run(&report))?;
        }
        reports.push(report);
    }
    let closing = human.closing(&reports);
    let whole = || reports.iter().map(|report| human.run(report)).collect::<String>() + &closing;
    let machine = match arguments.format {
        Format::Human => None,
        Format::Json => Some(json::document(&reports)),
        Format::Junit => Some(junit::of_runs(&reports)),
    };
    if streams {
        console::print(&closing)?;
    } else {
        output::report(arguments.output.as_deref(), &whole(), machine.as_deref())?;
    }
    if let Some(github) = GitHub::here() {
        github.tell(&github::of_runs(&reports));
    }
    session.traced?;
    stage.map_or(Ok(()), |stage| stage.traced)?;
    Ok(Exit::winner(reports.iter().map(|report| report.exit)))
}

/// What a file must show when it is run again.
#[derive(Clone, Copy, Debug)]
pub struct Meant<'a> {
    /// The promise, or what else is amiss.
    pub property: &'a str,
    /// How it was broken when it was reduced.
    pub first: &'a Violation,
    /// No promise of this operator breaks: two operators settle otherwise.
    pub settles: bool,
    /// The hash of the run that was reduced.
    pub trace_hash: TraceHash,
}

/// One scenario file with one operator, told in full as the story of what is amiss in it: run twice here and once in a fresh
/// process. Where it does not show that, or is another run than the one that was reduced, it is nondeterministic.
///
/// # Errors
/// A file that cannot be read.
pub fn told_in_full(path: &Path, operator: &Rc<Loaded>, meant: &Meant<'_>, start: &Start) -> Result<Report, UserError> {
    let arguments = Run { check_determinism: true, ..one_file(path, &operator.op) };
    let shelf = Shelf::holding(operator)?;
    let mut session = Session { about: Some(*meant), start, ..Session::plain(&arguments, shelf) };
    let mut source = scenarios::read_all(&arguments.paths)?.remove(0);
    // What is expected of it today is no reason to tell less.
    if let Ok(scenario) = &mut source.scenario {
        scenario.expects.clear();
    }
    Ok(session.one(source))
}

/// The arguments for one file and nothing else.
fn one_file(path: &Path, op: &str) -> Run {
    Run {
        paths: vec![path.to_owned()],
        operator: Some(op.to_owned()),
        format: Format::Human,
        output: None,
        trace: None,
        html: None,
        check_determinism: false,
        sweep: None,
        crash_at: None,
        verbose: false,
        sockets: Sockets::default(),
    }
}

impl Meant<'_> {
    /// Makes a report the story of this; in words, why it is not.
    fn found_in(&self, report: &mut Report) -> Result<(), String> {
        if report.trace_hash.as_deref() != Some(self.trace_hash.to_string().as_str()) {
            let hash = report.trace_hash.as_deref().unwrap_or("none");
            return Err(format!(
                "the file is another run than the one that was reduced: hash {hash} against {}",
                self.trace_hash
            ));
        }
        if self.settles {
            report.add_broken(self.property, self.first.clone());
        }
        let broken = report.properties.iter().any(|found| found.id == self.property && found.violations > 0);
        if !broken {
            return Err(format!("{} broke when the scenario was reduced, and holds in its file", self.property));
        }
        report.about_harm(&[self.property.to_owned()]);
        Ok(())
    }
}

struct Session<'a> {
    arguments: &'a Run,
    shelf: Shelf,
    ci: bool,
    /// The promise that the story is to be about; none: the one that matters most.
    about: Option<Meant<'a>>,
    /// Whether the trace file was written.
    traced: Result<(), UserError>,
    /// How a fresh process is started.
    start: &'a Start,
}

impl<'a> Session<'a> {
    /// Nobody asks for anything but what the arguments say.
    fn plain(arguments: &'a Run, shelf: Shelf) -> Session<'a> {
        Session { arguments, shelf, ci: false, about: None, traced: Ok(()), start: &determinism::this_program }
    }
}

impl Session<'_> {
    /// `--operator` wins.
    fn op(&self, scenario: &Scenario) -> Option<String> {
        self.arguments.operator.clone().or_else(|| Some(scenario.operator.use_.clone()))
    }

    /// One scenario. Whatever goes wrong with it stops no other.
    fn one(&mut self, source: Source) -> Report {
        let name = source.name();
        let path = source.path.display().to_string();
        let scenario = match source.scenario {
            Ok(scenario) => Rc::new(match self.arguments.crash_at {
                Some(point) => point.added_to(&scenario),
                None => scenario,
            }),
            Err(broken) => {
                console::error(&broken.drawn);
                let op = self.arguments.operator.clone().unwrap_or_default();
                return Report::error(name, path, op, broken.plain, Exit::Usage);
            }
        };
        let op = self.op(&scenario).unwrap_or_default();
        let prepared = self.prepare(&op, &source.path, &scenario);
        let Prepared { choice, loaded, host, older, rolls_back_to } = match prepared {
            Ok(prepared) => prepared,
            Err(error) => {
                console::error(&format!("{path}: {error}"));
                return Report::error(name, path, op, error.0, Exit::Usage);
            }
        };
        let attempt = Attempt {
            scenario: &scenario,
            host: &*host,
            older: older.as_deref().map(|older| older as &dyn Host),
            loaded: &loaded,
            rolls_back_to: rolls_back_to.as_deref(),
        };
        let report = panic::catch_unwind(AssertUnwindSafe(|| {
            let report = self.judged(&attempt, &choice, &source.path);
            if self.arguments.sweep.is_some() { self.swept(&attempt, report) } else { report }
        }));
        report.unwrap_or_else(|_| {
            let bug = bug::report();
            console::error(&format!("{path}: {bug}"));
            Report::error(name, path, op, bug, Exit::Bug)
        })
    }

    fn prepare(&mut self, op: &str, path: &Path, scenario: &Scenario) -> Result<Prepared, UserError> {
        let given = self.arguments.operator.is_some();
        let folder = path.parent().unwrap_or(Path::new(""));
        let choice = Choice::parse(op, if given { Path::new("") } else { folder })?;
        let loaded = self.shelf.get(&choice, op)?;
        let host = loaded.host(scenario)?;
        let rolls_back_to = match &scenario.operator.older {
            None => None,
            Some(op) => Some(self.shelf.get(&Choice::parse(op, folder)?, op)?),
        };
        let older = rolls_back_to.as_ref().map(|older| older.host(scenario)).transpose()?;
        Ok(Prepared { choice, loaded, host, older, rolls_back_to })
    }

    /// Runs and judges; runs again for the story, the trace file and to compare.
    fn judged(&mut self, attempt: &Attempt<'_>, choice: &Choice, path: &Path) -> Report {
        let bar = bar(&attempt.scenario.name);
        let started = Instant::now();
        let outcome = attempt.run(None, &bar);
        let wall = started.elapsed();
        let first = Marks::of(&outcome);
        let shown = path.display().to_string();
        let mut report = Report::judge(attempt.scenario, shown, attempt.loaded, &outcome, self.ci);
        report.wall_ms = wall.as_secs_f64() * 1e3;
        if let Some(meant) = &self.about
            && let Err(how) = meant.found_in(&mut report)
        {
            return report.nondeterministic(how);
        }
        report.op_in_replay = self.arguments.operator.is_some() || !matches!(choice, Choice::File(_));
        report.crash_at = self.arguments.crash_at;

        let start = attempt.scenario.world.start;
        let mut eyes =
            Eyes { gatherer: report.main_violation().map(|violation| Gatherer::new(violation, start)), trace: None };
        if let Some(file) = &self.arguments.trace {
            match TraceFile::create(file) {
                Ok(trace) => eyes.trace = Some(trace),
                Err(error) => self.traced = Err(error),
            }
        }
        if eyes.gatherer.is_some() || eyes.trace.is_some() || self.arguments.check_determinism {
            let again = Marks::of(&attempt.run(Some(&mut eyes), &bar));
            if let Some(trace) = eyes.trace {
                self.traced = trace.finish();
            }
            if let Some(how) = first.parted(&again, "a second run in this process") {
                return report.nondeterministic(attempt.with_record(&how));
            }
            report.story = eyes.gatherer.map(Gatherer::finish);
            report.replays += 1;
        }
        if self.arguments.check_determinism {
            let asked = determinism::of_file(path, choice.absolute(&attempt.loaded.op), self.arguments.crash_at);
            let parted = match determinism::replay(self.start, &asked) {
                Ok(fresh) => determinism::parted(self.start, &asked, &first, &fresh[0].marks, |records| {
                    attempt.seen(Some(records), &ProgressBar::hidden());
                    Ok(())
                }),
                Err(why) => Some(why),
            };
            if let Some(how) = parted {
                return report.nondeterministic(how);
            }
            report.replays += 1;
        }
        report
    }
}

impl Session<'_> {
    /// Sweeps, unless the run itself was none; where a crash does harm, it is run once more for its story.
    fn swept(&self, attempt: &Attempt<'_>, report: Report) -> Report {
        if matches!(report.exit, Exit::Nondeterministic | Exit::Usage | Exit::Bug) {
            return report;
        }
        let mut sweep = match sweep::crashes(attempt.scenario, attempt.loaded, attempt.rolls_back_to) {
            Ok(sweep) => sweep,
            Err(error) => {
                console::error(&format!("{}: {error}", report.path));
                return Report::error(report.scenario, report.path, report.operator, error.0, Exit::Usage);
            }
        };
        if let Some(failure) = &mut sweep.failure {
            let harmed = self.harmed(attempt, &report, failure);
            if harmed.exit == Exit::Nondeterministic {
                return harmed;
            }
            failure.report = Some(Box::new(harmed));
        }
        report.swept(sweep)
    }

    /// The run with the crash that does harm.
    fn harmed(&self, attempt: &Attempt<'_>, without: &Report, failure: &sweep::Failure) -> Report {
        let scenario = Rc::new(failure.crash_at.added_to(attempt.scenario));
        let crashing = Attempt { scenario: &scenario, ..*attempt };
        let hidden = ProgressBar::hidden();
        let outcome = crashing.run(None, &hidden);
        let first = Marks::of(&outcome);
        let mut report = Report::judge(&scenario, without.path.clone(), attempt.loaded, &outcome, self.ci);
        report.op_in_replay = without.op_in_replay;
        report.crash_at = Some(failure.crash_at);
        report.about_harm(&failure.broken);
        let Some(violation) = report.main_violation() else { return report };
        let mut eyes = Eyes { gatherer: Some(Gatherer::new(violation, scenario.world.start)), trace: None };
        let again = Marks::of(&crashing.run(Some(&mut eyes), &hidden));
        if let Some(how) = first.parted(&again, "a second run in this process") {
            return report.nondeterministic(crashing.with_record(&how));
        }
        report.story = eyes.gatherer.map(Gatherer::finish);
        report.replays += 1;
        report
    }
}

/// An operator that is ready to run.
struct Prepared {
    choice: Choice,
    loaded: Rc<Loaded>,
    host: Box<dyn Host + Send>,
    /// What a deploy may roll back to.
    older: Option<Box<dyn Host + Send>>,
    rolls_back_to: Option<Rc<Loaded>>,
}

/// A scenario with a host for it.
struct Attempt<'a> {
    scenario: &'a Rc<Scenario>,
    host: &'a dyn Host,
    older: Option<&'a dyn Host>,
    loaded: &'a Loaded,
    rolls_back_to: Option<&'a Loaded>,
}

impl Attempt<'_> {
    fn run(&self, eyes: Option<&mut Eyes>, bar: &ProgressBar) -> Outcome {
        self.seen(eyes.map(|eyes| eyes as &mut dyn Witness), bar)
    }

    /// Where two runs part, with the first record that differs.
    fn with_record(&self, how: &str) -> String {
        let mut records = [Records::all(), Records::all()];
        for records in &mut records {
            self.seen(Some(records), &ProgressBar::hidden());
        }
        let [one, another] = &records;
        with_record(how, one.differ(another, "the second one").as_deref())
    }

    fn seen(&self, witness: Option<&mut dyn Witness>, bar: &ProgressBar) -> Outcome {
        let witness = witness.map(|witness| witness as &mut dyn Witness);
        let mut progress = |thousandths: u64| bar.set_position(thousandths);
        let outcome = world::Run {
            scenario: Rc::clone(self.scenario),
            host: self.host,
            older: self.older,
            properties: property::builtin(),
            witness,
            progress: Some(&mut progress),
        }
        .go();
        bar.finish_and_clear();
        outcome
    }
}

/// Everybody who watches a second run.
struct Eyes {
    gatherer: Option<Gatherer>,
    trace: Option<TraceFile>,
}

impl Witness for Eyes {
    fn record(&mut self, at: Time, sequence: u64, fact: &Fact<'_>, state: &State) {
        if let Some(gatherer) = &mut self.gatherer {
            gatherer.record(at, sequence, fact, state);
        }
        if let Some(trace) = &mut self.trace {
            trace.record(at, sequence, fact, state);
        }
    }

    fn lapsed(&mut self, state: &State) {
        if let Some(gatherer) = &mut self.gatherer {
            gatherer.lapsed(state);
        }
    }
}

/// A bar on stderr where that is a terminal, else one that nobody sees.
fn bar(name: &str) -> ProgressBar {
    let target = if console::progress() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let style = ProgressStyle::with_template("  {msg} {bar:40} {percent:>3} % of its virtual time")
        .expect("the template is a constant");
    let bar = ProgressBar::with_draw_target(Some(1000), target).with_style(style);
    bar.with_message(console::escape(name))
}
