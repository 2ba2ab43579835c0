//! Properties: promises, and folds over the facts that find out whether they were kept.
//!
//! Each has a file of its own below `property/`, which opens with the promise in domain words, why it matters, and the
//! broken operator that proves that it can fail. The trait is public: a Rust user adds properties of their own.

use std::fmt;

use crate::state::State;
use crate::time::Time;
use crate::trace::{Fact, FactKind};

pub mod audit;
pub mod builtin;
pub mod deletion;
pub mod inventory;
pub mod monitor;
pub mod operator;
pub mod playlist;
pub mod recording;
pub mod retention;
pub mod sandbox;
pub mod webhook;

mod coverage;
pub(crate) mod custody;
mod deadlines;
pub(crate) mod locks;
mod refusals;
mod settled;
pub(crate) mod words;

#[cfg(test)]
pub(crate) mod stage;
#[cfg(test)]
mod tests;

pub use builtin::builtin;
pub use monitor::Monitor;

/// A promise and how it is put to the test.
pub trait Property {
    /// What it is, for reports and `egress-sim explain`.
    fn about(&self) -> &'static About;

    /// Whether `observe` is to see facts of this kind. Asked once for each kind, before the first fact.
    fn wants(&self, _kind: FactKind) -> bool {
        true
    }

    /// One fact. `state` is the world right behind it. Report each test of the promise to `verdict`.
    fn observe(&mut self, fact: &Fact<'_>, state: &State, verdict: &mut Verdict);

    /// The next moment at which the promise must be looked at even if nothing happens, such as a deadline; none: no
    /// such moment. Asked again after each `observe` and `due`.
    fn next_due(&self) -> Option<Time> {
        None
    }

    /// That moment has passed: `state` is the world as it was at the end of it, before anything later. `state.now` may lie
    /// behind it. Must move [`Property::next_due`] on.
    fn due(&mut self, _at: Time, _state: &State, _verdict: &mut Verdict) {}

    /// The run is over; what is still open is judged now, or left as not exercised.
    fn finish(&mut self, _state: &State, _verdict: &mut Verdict) {}
}

/// The words of a property.
#[derive(Debug)]
pub struct About {
    /// Such as `recording.gap`.
    pub id: &'static str,
    /// The promise, one sentence.
    pub promise: &'static str,
    /// Why anybody cares, one or two sentences.
    pub why: &'static str,
    /// What one check is: `call`, `segment`, …
    pub one_check: &'static str,
    /// The broken operator that proves that it can fail: the NAME of `builtin:broken/NAME`.
    pub broken_by: &'static str,
}

/// What a property found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// How often the promise was put to the test.
    pub checks: u64,
    /// How often it was broken.
    pub violations: u64,
    /// The first time that it was broken.
    pub first: Option<Violation>,
}

/// A promise broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// When.
    pub at: Time,
    /// What was promised and what happened, in domain words, with names and numbers.
    pub message: String,
    /// Whom it is about, to find its story in the trace.
    pub about: Vec<Mention>,
    /// The number of the record that broke it; none: nothing happened, and time was up.
    pub sequence: Option<u64>,
}

/// Something that facts can be about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mention {
    /// A room, by name.
    Room(String),
    /// An egress, by id.
    Egress(String),
    /// A key, with its bucket.
    Key(String, String),
    /// A tenant, by name.
    Tenant(String),
    /// An instance of the operator.
    Instance(u32),
}

impl Verdict {
    /// The promise was put to the test and held.
    pub const fn held(&mut self) {
        self.checks += 1;
    }

    /// The promise was put to the test `count` times and held each time.
    pub const fn held_times(&mut self, count: u64) {
        self.checks += count;
    }

    /// The promise was put to the test and was broken. The message is only made for the first time.
    pub fn violated<M: Into<String>>(&mut self, at: Time, about: Vec<Mention>, message: impl FnOnce() -> M) {
        self.checks += 1;
        self.violations += 1;
        if self.first.is_none() {
            self.first = Some(Violation { at, message: message().into(), about, sequence: None });
        }
    }

    /// A test that was counted before as held turns out to have failed: a violation, but no further check.
    pub fn overturned<M: Into<String>>(&mut self, at: Time, about: Vec<Mention>, message: impl FnOnce() -> M) {
        self.violated(at, about, message);
        self.checks -= 1;
    }

    /// One check: held if `good`.
    pub fn check<M: Into<String>>(
        &mut self,
        good: bool,
        at: Time,
        about: impl FnOnce() -> Vec<Mention>,
        message: impl FnOnce() -> M,
    ) {
        if good {
            self.held();
        } else {
            self.violated(at, about(), message);
        }
    }

    /// In one word, as reports spell it.
    pub const fn word(&self) -> &'static str {
        if self.violations > 0 {
            "violated"
        } else if self.checks > 0 {
            "held"
        } else {
            "not_exercised"
        }
    }
}

impl fmt::Display for Mention {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Mention::Room(name) => write!(f, "room {name}"),
            Mention::Egress(id) => write!(f, "egress {id}"),
            Mention::Key(bucket, key) => write!(f, "s3://{bucket}/{key}"),
            Mention::Tenant(name) => write!(f, "tenant {name}"),
            Mention::Instance(number) => write!(f, "instance {number}"),
        }
    }
}
