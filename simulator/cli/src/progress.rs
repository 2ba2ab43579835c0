//! What moves on a terminal while a campaign runs; elsewhere nobody sees it.

use std::time::{Duration, Instant};

use egress_sim_campaign::search::Progress;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use crate::console;
use crate::prose::{counted, number};

/// Between two pictures.
const FRAME: Duration = Duration::from_millis(100);

/// A search: cases, cases a second, goals, findings.
#[derive(Debug)]
pub struct Searching {
    bar: ProgressBar,
    started: Instant,
    drawn: Option<Instant>,
}

impl Searching {
    /// Begins. `cases`: how many; none: until the time is up.
    pub fn begin(cases: Option<u64>) -> Searching {
        let template = if cases.is_some() { "  {bar:30} {pos}/{len} cases, {msg}" } else { "  {pos} cases, {msg}" };
        let style = ProgressStyle::with_template(template).expect("the template is a constant");
        let bar = ProgressBar::with_draw_target(cases, target()).with_style(style);
        Searching { bar, started: Instant::now(), drawn: None }
    }

    /// Draws how it stands, now and then.
    pub fn show(&mut self, progress: &Progress) {
        if self.bar.is_hidden() || self.drawn.is_some_and(|drawn| drawn.elapsed() < FRAME) {
            return;
        }
        self.drawn = Some(Instant::now());
        self.bar.set_message(words(progress, self.started.elapsed()));
        self.bar.set_position(progress.cases);
    }

    /// Ends, and says how long it took.
    pub fn end(self) -> Duration {
        self.bar.finish_and_clear();
        self.started.elapsed()
    }
}

/// `1,204 a second, 61 goals, 2 findings`
fn words(progress: &Progress, took: Duration) -> String {
    let rate = progress.cases * 1000 / (took.as_millis() as u64).max(1);
    format!(
        "{} a second, {}, {}",
        number(rate),
        counted(progress.goals as u64, "goal"),
        counted(progress.findings as u64, "finding")
    )
}

/// A line that changes, with the seconds since it began.
pub fn spinner() -> ProgressBar {
    let seconds = |state: &ProgressState, line: &mut dyn std::fmt::Write| {
        let _ = write!(line, "{:.1} s", state.elapsed().as_secs_f64());
    };
    let style = ProgressStyle::with_template("  {msg}, {seconds}").expect("the template is a constant");
    ProgressBar::with_draw_target(None, target()).with_style(style.with_key("seconds", seconds))
}

fn target() -> ProgressDrawTarget {
    if console::progress() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_is_told_in_one_line() {
        let progress = Progress { cases: 2_408, findings: 1, goals: 61 };
        assert_eq!(words(&progress, Duration::from_secs(2)), "1,204 a second, 61 goals, 1 finding");
        assert_eq!(words(&Progress::default(), Duration::ZERO), "0 a second, 0 goals, 0 findings");
    }
}
