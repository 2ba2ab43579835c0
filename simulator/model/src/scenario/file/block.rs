//! A table of the file held against its declared keys: first every shape is checked, then values are taken out.
//!
//! [`check`] reports all that is wrong with one table and those in it. The accessors of [`Block`] report nothing: a value
//! that does not conform counts as absent, so that one mistake gives one problem.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeArray, DeInteger, DeTable, DeValue};

use super::problem::{Problem, nearest, suggestion};
use crate::fault;
use crate::scenario::keys::{self, Fallback, Holds, Key, Table, parameter_key, quoted};
use crate::time::{Span, Time};

/// A table of the file with its declaration.
#[derive(Clone, Copy, Debug)]
pub(super) struct Block<'d> {
    /// What it may hold.
    pub about: &'static Table,
    /// What it holds.
    pub entries: &'d DeTable<'d>,
    /// Its header, or all of it where it is written inline.
    at: (usize, usize),
}

impl<'d> Block<'d> {
    pub(super) fn new(about: &'static Table, entries: &'d DeTable<'d>, at: Range<usize>) -> Block<'d> {
        Block { about, entries, at: (at.start, at.end) }
    }

    /// Its header.
    pub(super) fn place(&self) -> Range<usize> {
        self.at.0..self.at.1
    }

    /// The value of a key, or the header where there is none.
    pub(super) fn place_of(&self, name: &str) -> Range<usize> {
        self.entries.get(name).map_or_else(|| self.place(), Spanned::span)
    }

    /// Whether the file has the key.
    pub(super) fn has(&self, name: &str) -> bool {
        self.entries.contains_key(name)
    }

    fn key(&self, name: &str) -> Key {
        let declared = self.about.key(name).copied();
        declared.or_else(|| parameters(self).find(|key| key.name == name)).unwrap_or_else(|| {
            unreachable!("{} has no key {name}", self.about.header);
        })
    }

    /// A whole number of the file.
    pub(super) fn given_integer(&self, name: &str) -> Option<u64> {
        let Holds::Integer { min, max } = self.key(name).holds else { unreachable!("{name} is no whole number") };
        integer(self.entries.get(name)?.get_ref(), min, max).ok()
    }

    /// A whole number, or its default.
    pub(super) fn integer(&self, name: &str) -> u64 {
        self.given_integer(name).unwrap_or_else(|| match self.key(name).fallback {
            Fallback::Integer(value) => value,
            _ => 0,
        })
    }

    /// The same where the declared greatest value fits.
    pub(super) fn small(&self, name: &str) -> u32 {
        u32::try_from(self.integer(name)).expect("the key declares a greatest value that fits")
    }

    /// A duration of the file.
    pub(super) fn given_span(&self, name: &str) -> Option<Span> {
        let Holds::Span { zero } = self.key(name).holds else { unreachable!("{name} is no duration") };
        span(self.entries.get(name)?.get_ref(), zero).ok()
    }

    /// A duration, or its default.
    pub(super) fn span(&self, name: &str) -> Span {
        self.given_span(name).unwrap_or_else(|| match self.key(name).fallback {
            Fallback::Span(text) => Span::parse(text).expect("declared defaults are tested"),
            _ => Span::ZERO,
        })
    }

    /// A text or word of the file.
    pub(super) fn given_text(&self, name: &str) -> Option<&'d str> {
        let value = self.entries.get(name)?.get_ref();
        shape(value, &self.key(name).holds).is_ok().then(|| value.as_str()).flatten()
    }

    /// A text or word, or its default, or nothing.
    pub(super) fn text(&self, name: &str) -> String {
        let text = self.given_text(name).unwrap_or_else(|| match self.key(name).fallback {
            Fallback::Text(text) => text,
            _ => "",
        });
        text.into()
    }

    /// The value that a word stands for.
    pub(super) fn word<T: Copy>(&self, name: &str, all: &[T], spelt: impl Fn(T) -> &'static str) -> T {
        let written = self.text(name);
        all.iter().copied().find(|value| spelt(*value) == written).unwrap_or(all[0])
    }

    /// A list of texts of the file with their places.
    pub(super) fn given_texts(&self, name: &str) -> Option<Vec<(&'d str, Range<usize>)>> {
        let items = self.entries.get(name)?.get_ref().as_array()?;
        Some(items.iter().filter_map(|item| Some((item.get_ref().as_str()?, item.span()))).collect())
    }

    /// A list of texts, or its default, or nothing.
    pub(super) fn texts(&self, name: &str) -> Vec<String> {
        match (self.given_texts(name), self.key(name).fallback) {
            (Some(texts), _) => texts.into_iter().map(|(text, _)| text.into()).collect(),
            (None, Fallback::Texts(texts)) => texts.iter().map(|text| (*text).into()).collect(),
            (None, _) => Vec::new(),
        }
    }

    /// True or false, or its default.
    pub(super) fn boolean(&self, name: &str) -> bool {
        let fallback = matches!(self.key(name).fallback, Fallback::Boolean(true));
        self.entries.get(name).and_then(|value| value.get_ref().as_bool()).unwrap_or(fallback)
    }

    /// A moment, or its default.
    pub(super) fn moment(&self, name: &str) -> Time {
        let given = self.entries.get(name).and_then(|value| moment(value.get_ref()).ok());
        given.unwrap_or_else(|| match self.key(name).fallback {
            Fallback::Text(text) => Time::from_rfc3339(text).expect("declared defaults are tested"),
            _ => Time::default(),
        })
    }

    /// The table below a key; an empty one where there is none.
    pub(super) fn table(&self, name: &str) -> Block<'d> {
        let Holds::Table(about) = self.key(name).holds else { unreachable!("{name} is no table") };
        let value = self.entries.get(name);
        match value.and_then(|value| Some((value.get_ref().as_table()?, value.span()))) {
            Some((entries, at)) => Block::new(about, entries, at),
            None => Block { about, entries: &NOTHING, at: self.at },
        }
    }

    /// The tables below a key.
    pub(super) fn tables(&self, name: &str) -> Vec<Block<'d>> {
        let Holds::Tables(about) = self.key(name).holds else { unreachable!("{name} are no tables") };
        let items = self.entries.get(name).and_then(|value| value.get_ref().as_array());
        let tables = items.into_iter().flatten();
        tables.filter_map(|item| Some(Block::new(about, item.get_ref().as_table()?, item.span()))).collect()
    }

    /// A free table; an empty one where there is none.
    pub(super) fn free(&self, name: &str) -> toml::Table {
        let table = self.entries.get(name).and_then(|value| value.get_ref().as_table());
        table.map(free_table).unwrap_or_default()
    }
}

static NOTHING: std::sync::LazyLock<DeTable<'static>> = std::sync::LazyLock::new(DeTable::new);

/// The parameters of a fault as keys; none for other tables and for unknown kinds.
fn parameters(block: &Block<'_>) -> impl Iterator<Item = Key> {
    let kind = if std::ptr::eq(block.about, &raw const keys::FAULT) {
        block.entries.get("do").and_then(|value| fault::kind(value.get_ref().as_str()?))
    } else {
        None
    };
    kind.into_iter().flat_map(|kind| kind.parameters).map(parameter_key)
}

/// Everything that is wrong with the shape of a table and of those in it.
pub(super) fn check(problems: &mut Vec<Problem>, block: &Block<'_>) {
    let known: Vec<Key> = block.about.keys.iter().copied().chain(parameters(block)).collect();
    // Parameters of an unknown kind of fault are unknown as well, but that is no second problem.
    let kind_unknown = std::ptr::eq(block.about, &raw const keys::FAULT) && fault::kind(&block.text("do")).is_none();
    for (name, value) in block.entries {
        match known.iter().find(|key| key.name == name.get_ref().as_ref()) {
            Some(key) => check_value(problems, key, value),
            None if kind_unknown => {}
            None => problems.push(unknown_key(block, &known, name)),
        }
    }
    for key in known {
        if matches!(key.fallback, Fallback::Required) && !block.has(key.name) {
            let message = format!("`{}` is missing {}", key.name, block.about.place());
            let help = format!("{} It is {}.", key.summary, key.holds.expected());
            problems.push(Problem::new(block.place(), message).help(help));
        }
    }
}

fn unknown_key(block: &Block<'_>, known: &[Key], name: &Spanned<std::borrow::Cow<'_, str>>) -> Problem {
    let written = name.get_ref().as_ref();
    let names: Vec<&str> = known.iter().map(|key| key.name).collect();
    let message = format!("there is no key `{written}` {}", block.about.place());
    let elsewhere = [&keys::WORLD, &keys::LIMITS, &keys::PROMISES, &keys::OPERATOR]
        .into_iter()
        .find(|table| block.about.header.is_empty() && table.key(written).is_some());
    let help = match (nearest(written, names.iter().copied()), elsewhere) {
        (Some(meant), _) => format!("did you mean `{meant}`?"),
        (None, Some(table)) => format!("it belongs below {}", table.header),
        (None, None) => format!("keys {}: {}", block.about.place(), names.join(", ")),
    };
    Problem::new(name.span(), message).help(help)
}

fn check_value(problems: &mut Vec<Problem>, key: &Key, value: &Spanned<DeValue<'_>>) {
    let inner = value.get_ref();
    if let Err((what, help)) = shape(inner, &key.holds) {
        problems.push(Problem::new(value.span(), format!("`{}` {what}", key.name)).help(help));
        return;
    }
    match (&key.holds, inner) {
        (Holds::Table(about), DeValue::Table(entries)) => {
            check(problems, &Block::new(about, entries, value.span()));
        }
        (Holds::Tables(about), DeValue::Array(items)) => {
            for item in items {
                match item.get_ref() {
                    DeValue::Table(entries) => check(problems, &Block::new(about, entries, item.span())),
                    other => {
                        let message = format!("`{}` has {} in it: a table is expected", key.name, found(other));
                        let help = format!("write {} blocks", about.header);
                        problems.push(Problem::new(item.span(), message).help(help));
                    }
                }
            }
        }
        (Holds::Texts { .. }, DeValue::Array(items)) => check_texts(problems, key, items, None),
        (Holds::Words { of, .. }, DeValue::Array(items)) => check_texts(problems, key, items, Some(of)),
        (Holds::Free { floats }, DeValue::Table(entries)) => check_free(problems, key.name, entries, *floats),
        _ => {}
    }
}

fn check_texts(problems: &mut Vec<Problem>, key: &Key, items: &DeArray<'_>, words: Option<&'static [&'static str]>) {
    let holds = words.map_or(Holds::Text, Holds::Word);
    let mut seen: Vec<(&str, Range<usize>)> = Vec::new();
    for item in items {
        if let Err((what, help)) = shape(item.get_ref(), &holds) {
            problems.push(Problem::new(item.span(), format!("an item of `{}` {what}", key.name)).help(help));
            continue;
        }
        let text = item.get_ref().as_str().unwrap_or_default();
        match seen.iter().find(|(earlier, _)| *earlier == text) {
            Some((_, first)) => problems.push(
                Problem::new(item.span(), format!("`{}` has \"{text}\" twice", key.name))
                    .also(first.clone(), "first here")
                    .help("take one out"),
            ),
            None => seen.push((text, item.span())),
        }
    }
}

/// Floats where there must be none, and those that JSON cannot say.
fn check_free(problems: &mut Vec<Problem>, name: &str, entries: &DeTable<'_>, floats: bool) {
    fn walk(problems: &mut Vec<Problem>, name: &str, value: &Spanned<DeValue<'_>>, floats: bool) {
        match value.get_ref() {
            DeValue::Float(number) if !floats => {
                let message = format!("`{name}` is {}: whole numbers only", number.as_str());
                problems
                    .push(Problem::new(value.span(), message).help("floats may stand below [operator.config] only"));
            }
            DeValue::Float(number) if !number.as_str().parse().is_ok_and(f64::is_finite) => {
                let message = format!("`{name}` is {}, which JSON cannot say", number.as_str());
                problems.push(Problem::new(value.span(), message).help("the operator is given its config as JSON"));
            }
            DeValue::Integer(number) if signed(number).is_none() => {
                let message = format!("`{name}` is too large a number");
                problems.push(Problem::new(value.span(), message).help(format!("at most {}", i64::MAX)));
            }
            DeValue::Array(items) => items.iter().for_each(|item| walk(problems, name, item, floats)),
            DeValue::Table(entries) => check_free(problems, name, entries, floats),
            _ => {}
        }
    }
    for (key, value) in entries {
        walk(problems, &format!("{name}.{}", key.get_ref()), value, floats);
    }
}

/// What is wrong with a value, and a way out.
type Misfit = (String, String);

/// Whether a value is of the right kind and within its bounds; items of lists and tables are not looked at.
fn shape(value: &DeValue<'_>, holds: &Holds) -> Result<(), Misfit> {
    let wrong_kind = || {
        let help = match (holds, value) {
            (Holds::Tables(about), DeValue::Table(_)) => {
                format!("write {} with two brackets on each side", about.header)
            }
            (Holds::Table(about), DeValue::Array(_)) => format!("write {} with one bracket on each side", about.header),
            (Holds::Text | Holds::Prose | Holds::Word(_), DeValue::Integer(_) | DeValue::Boolean(_)) => {
                "put it in quotes".into()
            }
            (Holds::Texts { .. } | Holds::Words { .. }, DeValue::String(text)) => format!("write [\"{text}\"]"),
            (Holds::Boolean, DeValue::String(_)) => "write it without quotes".into(),
            _ => format!("write {}", holds.expected()),
        };
        Err((format!("is {}: {} is expected", found(value), holds.expected()), help))
    };
    match (holds, value) {
        (Holds::Integer { min, max }, _) => integer(value, *min, *max).map(drop),
        (Holds::Span { zero }, _) => span(value, *zero).map(drop),
        (Holds::Moment, _) => moment(value).map(drop),
        (Holds::Text, DeValue::String(text)) => name(text),
        (Holds::Word(words), DeValue::String(text)) if !words.contains(&text.as_ref()) => {
            let help = match nearest(text, words.iter().copied()) {
                Some(meant) => format!("did you mean \"{meant}\"?"),
                None => format!("write one of {}", quoted(words)),
            };
            Err((format!("cannot be \"{text}\""), help))
        }
        (Holds::Texts { empty: false } | Holds::Words { empty: false, .. }, DeValue::Array(items))
            if items.is_empty() =>
        {
            Err(("is an empty list".into(), "name at least one, or leave the key out where it has a default".into()))
        }
        (Holds::Prose | Holds::Word(_), DeValue::String(_))
        | (Holds::Texts { .. } | Holds::Words { .. } | Holds::Tables(_), DeValue::Array(_))
        | (Holds::Boolean, DeValue::Boolean(_))
        | (Holds::Table(_) | Holds::Free { .. }, DeValue::Table(_)) => Ok(()),
        _ => wrong_kind(),
    }
}

fn name(text: &str) -> Result<(), Misfit> {
    if text.is_empty() {
        Err(("is empty".into(), "write at least one character".into()))
    } else if text.chars().any(char::is_control) {
        Err(("has a control character in it".into(), "write one line without tabs".into()))
    } else {
        Ok(())
    }
}

fn integer(value: &DeValue<'_>, min: u64, max: u64) -> Result<u64, Misfit> {
    let number = match value {
        DeValue::Integer(number) => number,
        DeValue::Float(number) => {
            let what = format!("is {}: a whole number is expected", number.as_str());
            return Err((what, "scenario files hold no floats; a length of time is a text with a unit".into()));
        }
        DeValue::String(text) if text.parse::<u64>().is_ok() => {
            return Err(("is a text: a whole number is expected".into(), format!("write {text} without quotes")));
        }
        other => {
            let what = format!("is {}: a whole number is expected", found(other));
            return Err((what, format!("write a whole number from {min} to {max}")));
        }
    };
    if number.as_str().starts_with('-') {
        return Err((format!("is {number}: it cannot be negative"), format!("write at least {min}")));
    }
    match u64::from_str_radix(number.as_str(), number.radix()) {
        Ok(0) if min > 0 => Err(("is zero".into(), format!("write at least {min}"))),
        Ok(value) if value < min => Err((format!("is {number}: too small a number"), format!("write at least {min}"))),
        Ok(value) if value <= max => Ok(value),
        _ => Err((format!("is {number}: too large a number"), format!("write at most {max}"))),
    }
}

fn signed(number: &DeInteger<'_>) -> Option<i64> {
    i64::from_str_radix(number.as_str(), number.radix()).ok()
}

fn span(value: &DeValue<'_>, zero: bool) -> Result<Span, Misfit> {
    const EXAMPLES: &str = "write a text with units, such as \"90s\", \"1h30m\" or \"400d\"";
    match value {
        DeValue::String(text) => match Span::parse(text) {
            Ok(Span::ZERO) if !zero => Err(("is zero".into(), "write a duration that is not zero".into())),
            Ok(span) => Ok(span),
            Err(why) => Err((format!("is no duration: {why}"), EXAMPLES.into())),
        },
        DeValue::Integer(number) => {
            let help = format!("write it with a unit, such as \"{number}s\" for seconds");
            Err(("is a whole number: a duration is expected".into(), help))
        }
        other => Err((format!("is {}: a duration is expected", found(other)), EXAMPLES.into())),
    }
}

fn moment(value: &DeValue<'_>) -> Result<Time, Misfit> {
    let text = match value {
        DeValue::String(text) => text.to_string(),
        DeValue::Datetime(at) if at.offset.is_none() => {
            return Err((
                format!("is {at}, which could be in any time zone"),
                "write date, time and a Z for UTC: 2026-01-01T00:00:00Z".into(),
            ));
        }
        DeValue::Datetime(at) => at.to_string(),
        other => {
            let what = format!("is {}: a date and time is expected", found(other));
            return Err((what, "write it as 2026-01-01T00:00:00Z".into()));
        }
    };
    Time::from_rfc3339(&text).ok_or_else(|| {
        let help = "write date, time and offset, such as 2026-01-01T00:00:00Z, between 1970 and 2554".into();
        (format!("is \"{text}\", which is no moment that the clock can show"), help)
    })
}

/// What a value is, in words.
fn found(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number with a decimal point",
        DeValue::Boolean(true) => "true",
        DeValue::Boolean(false) => "false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

fn free_table(entries: &DeTable<'_>) -> toml::Table {
    entries.iter().map(|(key, value)| (key.get_ref().to_string(), free(value.get_ref()))).collect()
}

fn free(value: &DeValue<'_>) -> toml::Value {
    match value {
        DeValue::String(text) => toml::Value::String(text.to_string()),
        DeValue::Integer(number) => toml::Value::Integer(signed(number).unwrap_or_default()),
        DeValue::Float(number) => toml::Value::Float(number.as_str().parse().unwrap_or_default()),
        DeValue::Boolean(value) => toml::Value::Boolean(*value),
        DeValue::Datetime(at) => toml::Value::Datetime(*at),
        DeValue::Array(items) => toml::Value::Array(items.iter().map(|item| free(item.get_ref())).collect()),
        DeValue::Table(entries) => toml::Value::Table(free_table(entries)),
    }
}

/// An unknown name as a problem.
pub(super) fn unknown(at: Range<usize>, what: &str, written: &str, candidates: &[&str], all: &str) -> Problem {
    Problem::new(at, format!("there is no {what} \"{written}\"")).help(suggestion(written, candidates, all))
}
