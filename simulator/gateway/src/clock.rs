//! What time it is in the world, as the wall clock goes on.
//!
//! `real` and `FACTORx` follow the wall clock, `manual` stands until it is moved, `auto` jumps to whatever happens next
//! as soon as nobody is at work.

use std::time::{Duration, Instant};

use egress_sim_model::time::Time;

/// The last moment that a clock comes to, in 2262; with the longest of spans after it, time can still be counted.
pub const LATEST: Time = Time(Time::MAX.0 / 2);

/// How virtual time follows wall time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// As fast as the wall clock.
    Real,
    /// So many times as fast.
    Factor(u32),
    /// It stands until it is moved.
    Manual,
    /// It jumps to the next event whenever nothing is under way.
    Auto,
}

impl Mode {
    /// As the command line spells it: `real`, `auto`, `manual`, `60x`.
    ///
    /// # Errors
    /// What was expected.
    pub fn parse(text: &str) -> Result<Mode, String> {
        match text {
            "real" => Ok(Mode::Real),
            "manual" => Ok(Mode::Manual),
            "auto" => Ok(Mode::Auto),
            _ => text
                .strip_suffix('x')
                .and_then(|factor| factor.parse().ok())
                .filter(|factor| *factor > 0)
                .map(Mode::Factor)
                .ok_or_else(|| format!("\"{text}\" is no clock: expected real, auto, manual, or a factor such as 60x")),
        }
    }
}

/// A clock that began at some moment of either time.
#[derive(Debug)]
pub struct Clock {
    mode: Mode,
    /// Virtual time at `since`.
    from: Time,
    since: Instant,
}

impl Clock {
    /// A clock that says `now` now.
    pub fn new(mode: Mode, now: Time) -> Clock {
        Clock { mode, from: now, since: Instant::now() }
    }

    /// Its mode.
    pub const fn mode(&self) -> Mode {
        self.mode
    }

    /// Virtual time; none: it does not follow the wall clock.
    pub fn now(&self) -> Option<Time> {
        let factor = match self.mode {
            Mode::Real => 1,
            Mode::Factor(factor) => u128::from(factor),
            Mode::Manual | Mode::Auto => return None,
        };
        let passed = self.since.elapsed().as_nanos() * factor;
        let now = u128::from(self.from.0) + passed;
        Some(Time(u64::try_from(now).unwrap_or(LATEST.0).min(LATEST.0)))
    }

    /// How long the wall clock has to go until it is `then`; none: as long as nobody moves it.
    pub fn until(&self, then: Time) -> Option<Duration> {
        let now = self.now()?;
        let factor = if let Mode::Factor(factor) = self.mode { u64::from(factor) } else { 1 };
        Some(Duration::from_nanos(then.since(now).0.div_ceil(factor)))
    }

    /// Somebody has moved it.
    pub fn moved(&mut self, now: Time) {
        self.from = now;
        self.since = Instant::now();
    }
}
