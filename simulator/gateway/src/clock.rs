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

#[cfg(test)]
mod tests {
    use egress_sim_model::time::Span;

    use super::*;

    #[test]
    fn modes_are_spelt_as_on_the_command_line() {
        let spelt = ["real", "manual", "auto", "60x"].map(Mode::parse);
        assert_eq!(spelt, [Ok(Mode::Real), Ok(Mode::Manual), Ok(Mode::Auto), Ok(Mode::Factor(60))]);
        for wrong in ["", "x", "0x", "-1x", "1.5x", "60", "Real"] {
            assert!(Mode::parse(wrong).is_err_and(|why| why.contains("a factor such as 60x")), "{wrong}");
        }
    }

    #[test]
    fn an_hour_is_a_minute_at_sixty_times_and_never_comes_where_time_stands() {
        let start = Time(1_800_000_000_000_000_000);
        let then = start + Span::seconds(3600);
        for (mode, wall) in [(Mode::Real, 3600), (Mode::Factor(60), 60)] {
            let clock = Clock::new(mode, start);
            let until = clock.until(then).expect("it goes on");
            assert!(until <= Duration::from_secs(wall), "{mode:?}: {until:?}");
            assert!(until > Duration::from_secs(wall) / 2, "{mode:?}: {until:?}");
            assert!(clock.now() >= Some(start));
        }
        for mode in [Mode::Manual, Mode::Auto] {
            let clock = Clock::new(mode, start);
            assert_eq!((clock.now(), clock.until(then)), (None, None), "{mode:?}");
        }
        let fastest = Clock::new(Mode::Factor(u32::MAX), LATEST);
        assert_eq!(fastest.now(), Some(LATEST), "there is a last moment");
    }
}
