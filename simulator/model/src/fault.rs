//! Faults: what can go wrong, when, and what of it the operator can see.
//!
//! A [`Kind`] is one thing that can go wrong, named `surface.what`; each has a file below `fault/` with its entry
//! for the documentation, its parameters and its defaults. A [`Fault`] is one use of a kind in a scenario: an anchor
//! that says when, a filter that says on what, and parameters. [`Faults`] counts matches during a run. The surface that
//! a kind belongs to asks at each [`Point`] whether a fault strikes there, and carries out its effect.

use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};

use crate::time::Span;

pub mod anchor;
pub mod kinds;
pub mod points;
pub mod reports;

pub use anchor::{Faults, Point, Strike};
pub use kinds::{KINDS, kind};
pub use points::points;

/// One thing that can go wrong.
#[derive(Debug)]
pub struct Kind {
    /// `surface.what`
    pub name: &'static str,
    /// One sentence: what happens, and whether the effect is applied.
    pub summary: &'static str,
    /// One sentence: who reported it, or what real system behaves so.
    pub source: &'static str,
    /// One sentence: what a sound operator does about it.
    pub sound_operator: &'static str,
    /// The point that it anchors to where the scenario names none.
    pub on: &'static str,
    /// Patterns of the points that `on` may name: exact, or ending with `*`.
    pub points: &'static [&'static str],
    /// Its own parameters.
    pub parameters: &'static [Parameter],
}

/// A parameter of a kind.
#[derive(Debug)]
pub struct Parameter {
    /// The key.
    pub name: &'static str,
    /// What for, with unit.
    pub summary: &'static str,
    /// Type and default.
    pub default: Default,
}

/// Type and default of a parameter.
#[derive(Clone, Copy, Debug)]
pub enum Default {
    /// A whole number.
    Integer(u64),
    /// A duration, as text.
    Span(&'static str),
    /// A duration; without one, what this key of the scenario says.
    SpanOf(&'static str),
    /// A text.
    Text(&'static str),
    /// One of a few words; the first is the default.
    OneOf(&'static [&'static str]),
}

/// A parameter's value in a scenario.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Value {
    /// A whole number.
    Integer(u64),
    /// A duration.
    Span(Span),
    /// A text, or one of a few words.
    Text(String),
}

/// `[[fault]]`
#[derive(Clone, Debug)]
pub struct Fault {
    /// Name of the step, for `after`; empty: none.
    pub name: String,
    /// `do`
    pub kind: &'static Kind,
    /// When it strikes.
    pub anchor: Anchor,
    /// `for`: from its first strike on, it strikes at every match for so long.
    pub window: Option<Span>,
    /// `where`
    pub filter: Filter,
    /// Parameters that the file gives; [`Fault::integer`] and its like know the defaults.
    pub parameters: BTreeMap<&'static str, Value>,
}

impl Kind {
    /// Whether it ends incarnations of the operator: what a twin run is spared.
    pub fn ends_incarnations(&self) -> bool {
        matches!(self.name, "operator.crash" | "operator.deploy")
    }
}

impl PartialEq for Fault {
    fn eq(&self, other: &Fault) -> bool {
        self.name == other.name
            && self.kind.name == other.kind.name
            && self.anchor == other.anchor
            && self.window == other.window
            && self.filter == other.filter
            && self.parameters == other.parameters
    }
}

impl Eq for Fault {}

impl Hash for Fault {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let Fault { name, kind, anchor, window, filter, parameters } = self;
        (name, kind.name, anchor, window, filter, parameters).hash(state);
    }
}

/// When a fault strikes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Anchor {
    /// `at`: at the first match from this moment on (from `world.start`).
    At(Span),
    /// `on` + `nth` + `count`: at matches number `nth` to `nth + count - 1`.
    On {
        /// The point, or a pattern that ends with `*`.
        point: String,
        /// From 1.
        nth: u64,
        /// How many matches in a row.
        count: u64,
    },
    /// `after`: at the first match behind a named step.
    After(String),
}

/// `where`: what a match must have; none of them set: anything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Filter {
    /// The webhook's event.
    pub event: Option<String>,
    /// Bucket.
    pub bucket: Option<String>,
    /// Key, or a pattern that ends with `*`.
    pub key: Option<String>,
    /// Tenant.
    pub tenant: Option<String>,
    /// Room.
    pub room: Option<String>,
    /// Instance of the operator.
    pub instance: Option<u64>,
}

impl Kind {
    /// The `surface` of its name.
    pub fn surface(&self) -> &'static str {
        self.name.split_once('.').map_or(self.name, |(surface, _)| surface)
    }

    /// The scenario file that shows it, from the repository's root.
    pub fn scenario(&self) -> String {
        format!("scenarios/faults/{}.toml", self.name.replace(['.', '_'], "-"))
    }
}

impl Default {
    /// What may be given and what holds otherwise, in words.
    pub fn words(&self) -> String {
        match self {
            Default::Integer(value) => format!("default {value}"),
            Default::Span(text) | Default::Text(text) => format!("default \"{text}\""),
            Default::SpanOf(key) => format!("default: what {key} says"),
            Default::OneOf(words) => {
                let quoted: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
                format!("{}; default \"{}\"", quoted.join(", "), words[0])
            }
        }
    }
}

impl Fault {
    /// The value of an integer parameter.
    pub fn integer(&self, name: &str) -> u64 {
        match (self.parameters.get(name), self.default_of(name)) {
            (Some(Value::Integer(value)), _) | (None, Default::Integer(value)) => *value,
            other => unreachable!("{} is not an integer of {}: {other:?}", name, self.kind.name),
        }
    }

    /// The value of a duration parameter.
    pub fn span(&self, name: &str) -> Span {
        match (self.parameters.get(name), self.default_of(name)) {
            (Some(Value::Span(value)), _) => *value,
            (None, Default::Span(text)) => Span::parse(text).expect("the defaults of a fault kind are tested"),
            other => unreachable!("{} is not a duration of {}: {other:?}", name, self.kind.name),
        }
    }

    /// The value of a duration parameter that has another key of the scenario for its default; none: that key decides.
    pub fn span_given(&self, name: &str) -> Option<Span> {
        match (self.parameters.get(name), self.default_of(name)) {
            (Some(Value::Span(value)), _) => Some(*value),
            (None, Default::SpanOf(_)) => None,
            other => unreachable!("{} is not such a duration of {}: {other:?}", name, self.kind.name),
        }
    }

    /// The value of a text parameter.
    pub fn text(&self, name: &str) -> &str {
        match (self.parameters.get(name), self.default_of(name)) {
            (Some(Value::Text(value)), _) => value,
            (None, Default::Text(value)) => value,
            (None, Default::OneOf(words)) => words[0],
            other => unreachable!("{} is not a text of {}: {other:?}", name, self.kind.name),
        }
    }

    fn default_of(&self, name: &str) -> &'static Default {
        let parameter = self.kind.parameters.iter().find(|parameter| parameter.name == name);
        &parameter.unwrap_or_else(|| unreachable!("{} has no parameter {name}", self.kind.name)).default
    }
}
