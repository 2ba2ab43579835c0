//! The faults of a scenario while they are gathered, in the order in which they strike.

use std::collections::BTreeMap;

use crate::fault::{self, Anchor, Default, Fault, Filter, Value};
use crate::time::{Span, Time};

/// Faults with the moments of the incident that they stand for.
#[derive(Debug, std::default::Default)]
pub(super) struct Strikes(Vec<(Time, Fault)>);

/// A fault in the making.
#[derive(Debug)]
pub(super) struct Strike(Fault);

impl Strike {
    /// The match number `nth` of a point in this room.
    pub(super) fn at(kind: &str, point: &str, room: &str, nth: u64) -> Strike {
        let kind = fault::kind(kind).unwrap_or_else(|| unreachable!("{kind} is no kind"));
        assert!(kind.strikes_at(point), "{} strikes at {point}", kind.name);
        Strike(Fault {
            name: String::new(),
            kind,
            anchor: Anchor::On { point: point.into(), nth, count: 1 },
            window: None,
            filter: Filter { room: Some(room.into()), ..<Filter as std::default::Default>::default() },
            parameters: BTreeMap::new(),
        })
    }

    /// Of events of this name alone.
    pub(super) fn of_event(mut self, event: &str) -> Strike {
        self.0.filter.event = Some(event.into());
        self
    }

    /// A parameter, unless it is the default; a length to the millisecond.
    pub(super) fn with(mut self, name: &str, value: Value) -> Strike {
        let known = self.0.kind.parameters.iter().find(|parameter| parameter.name == name);
        let known = known.unwrap_or_else(|| unreachable!("{} has no parameter {name}", self.0.kind.name));
        let value = match value {
            Value::Span(span) => Value::Span(to_millisecond(span)),
            other => other,
        };
        let usual = match (&known.default, &value) {
            (Default::Span(usual), Value::Span(span)) => Span::parse(usual) == Ok(*span),
            (Default::OneOf(words), Value::Text(word)) => words.first() == Some(&word.as_str()),
            (Default::Integer(usual), Value::Integer(number)) => usual == number,
            _ => false,
        };
        if !usual {
            self.0.parameters.insert(known.name, value);
        }
        self
    }

    pub(super) fn span(self, name: &str, span: Span) -> Strike {
        self.with(name, Value::Span(span))
    }

    pub(super) fn word(self, name: &str, word: &str) -> Strike {
        self.with(name, Value::Text(word.into()))
    }
}

impl Strikes {
    /// One more. The same fault at the next match makes one of two.
    pub(super) fn push(&mut self, moment: Time, strike: Strike) {
        let Strike(new) = strike;
        let Anchor::On { nth: new_nth, .. } = new.anchor else { unreachable!("strikes are counted") };
        for (_, known) in self.0.iter_mut().rev() {
            let alike =
                known.kind.name == new.kind.name && known.filter == new.filter && known.parameters == new.parameters;
            let (Anchor::On { point, nth, count }, Anchor::On { point: new_point, .. }) =
                (&mut known.anchor, &new.anchor)
            else {
                continue;
            };
            if alike && point == new_point && *nth + *count == new_nth {
                *count += 1;
                return;
            }
        }
        self.0.push((moment, new));
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// In order of their moments.
    pub(super) fn into_faults(mut self) -> Vec<Fault> {
        self.0.sort_by_key(|(moment, _)| *moment);
        self.0.into_iter().map(|(_, fault)| fault).collect()
    }
}

/// What people write; at least one.
pub(super) fn to_millisecond(span: Span) -> Span {
    Span((span.0 / Span::MILLISECOND.0).max(1) * Span::MILLISECOND.0)
}
