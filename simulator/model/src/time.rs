//! Virtual time: integers of nanoseconds, written as people write them.
//!
//! A [`Time`] counts from the Unix epoch, a [`Span`] is a length of time. Neither ever reads a clock.
//! Arithmetic saturates: a scenario may ask for more than 584 years, and then gets the last instant there is.

use std::fmt;
use std::ops::{Add, AddAssign, Sub};

use serde::{Serialize, Serializer};

/// A moment on the world's clock, in nanoseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(pub u64);

/// A length of time in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(pub u64);

impl Time {
    /// The last moment that can be written.
    pub const MAX: Time = Time(u64::MAX);

    /// Whole seconds since the Unix epoch, as LiveKit's `created_at` and `joined_at` count.
    pub const fn unix_seconds(self) -> i64 {
        (self.0 / 1_000_000_000).cast_signed()
    }

    /// How long after `earlier` this is; zero when it is not after it.
    pub const fn since(self, earlier: Time) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }

    /// RFC 3339 in UTC, to the precision that the value has.
    ///
    /// ```
    /// # use egress_sim_model::time::Time;
    /// assert_eq!(Time(1_767_225_600_500_000_000).to_rfc3339(), "2026-01-01T00:00:00.5Z");
    /// ```
    pub fn to_rfc3339(self) -> String {
        jiff::Timestamp::from_nanosecond(i128::from(self.0))
            .map_or_else(|_| format!("{}ns", self.0), |at| at.to_string())
    }

    /// The reverse of [`Time::to_rfc3339`]; `None` for what is not RFC 3339 or lies before 1970 or after 2554.
    pub fn from_rfc3339(text: &str) -> Option<Time> {
        let at: jiff::Timestamp = text.parse().ok()?;
        u64::try_from(at.as_nanosecond()).ok().map(Time)
    }
}

impl Span {
    /// No time at all.
    pub const ZERO: Span = Span(0);
    /// One millisecond.
    pub const MILLISECOND: Span = Span(1_000_000);
    /// One second.
    pub const SECOND: Span = Span(1_000_000_000);

    /// A length in whole seconds.
    pub const fn seconds(seconds: u64) -> Span {
        Span(seconds.saturating_mul(1_000_000_000))
    }

    /// This length `count` times over.
    pub const fn times(self, count: u64) -> Span {
        Span(self.0.saturating_mul(count))
    }

    /// Parses `"1h30m"`: whole numbers with the units `ns us ms s m h d`, from large to small, each at most once.
    ///
    /// # Errors
    /// A sentence fragment that says what is wrong with the text.
    ///
    /// ```
    /// # use egress_sim_model::time::Span;
    /// assert_eq!(Span::parse("1h30m"), Ok(Span::seconds(5400)));
    /// assert!(Span::parse("90").is_err());
    /// ```
    pub fn parse(text: &str) -> Result<Span, String> {
        if text.is_empty() {
            return Err("a duration is missing, such as \"90s\" or \"1h30m\"".into());
        }
        let mut total: u64 = 0;
        let mut rest = text;
        let mut last_unit = u64::MAX;
        while !rest.is_empty() {
            let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            if digits == 0 {
                return Err(format!("\"{text}\" is not a duration: a whole number is expected at \"{rest}\""));
            }
            let number: u64 = rest[..digits].parse().map_err(|_| format!("\"{text}\" is longer than 584 years"))?;
            rest = &rest[digits..];
            let letters = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_alphabetic()).len();
            let unit = match &rest[..letters] {
                "ns" => 1,
                "us" => 1_000,
                "ms" => 1_000_000,
                "s" => 1_000_000_000,
                "m" => 60_000_000_000,
                "h" => 3_600_000_000_000,
                "d" => 86_400_000_000_000,
                "" => {
                    return Err(format!("\"{text}\" has no unit behind {number}: write ns, us, ms, s, m, h or d"));
                }
                other => {
                    return Err(format!("\"{text}\" has the unit \"{other}\": write ns, us, ms, s, m, h or d"));
                }
            };
            if unit >= last_unit {
                return Err(format!("\"{text}\" is not in order: write each unit once, from d down to ns"));
            }
            last_unit = unit;
            rest = &rest[letters..];
            total = number
                .checked_mul(unit)
                .and_then(|part| total.checked_add(part))
                .ok_or_else(|| format!("\"{text}\" is longer than 584 years"))?;
        }
        Ok(Span(total))
    }
}

impl fmt::Display for Span {
    /// The text that [`Span::parse`] reads back: `1h30m`, `0s`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 {
            return f.write_str("0s");
        }
        let mut rest = self.0;
        for (unit, name) in [
            (86_400_000_000_000, "d"),
            (3_600_000_000_000, "h"),
            (60_000_000_000, "m"),
            (1_000_000_000, "s"),
            (1_000_000, "ms"),
            (1_000, "us"),
            (1, "ns"),
        ] {
            if rest >= unit {
                write!(f, "{}{name}", rest / unit)?;
                rest %= unit;
            }
        }
        Ok(())
    }
}

impl Add<Span> for Time {
    type Output = Time;
    fn add(self, span: Span) -> Time {
        Time(self.0.saturating_add(span.0))
    }
}

impl AddAssign<Span> for Time {
    fn add_assign(&mut self, span: Span) {
        *self = *self + span;
    }
}

impl Sub<Span> for Time {
    type Output = Time;
    fn sub(self, span: Span) -> Time {
        Time(self.0.saturating_sub(span.0))
    }
}

impl Add for Span {
    type Output = Span;
    fn add(self, other: Span) -> Span {
        Span(self.0.saturating_add(other.0))
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(self.0)
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(self.0)
    }
}
