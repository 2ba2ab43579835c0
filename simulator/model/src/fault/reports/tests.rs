//! The reports name what there is, and all of it.

use super::*;
use crate::fault::{Default, KINDS, Kind, kind};
use crate::scenario::keys;

fn every_way() -> impl Iterator<Item = (&'static Report, Shown)> {
    let reports = CHAPTERS.iter().flat_map(|chapter| chapter.reports);
    reports.flat_map(|report| report.shown_by.iter().map(move |shown| (report, *shown)))
}

/// What stands between backticks.
fn quoted(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.split('`').skip(1).step_by(2)
}

#[test]
fn every_kind_is_reported_and_every_reported_kind_exists() {
    for kind in KINDS {
        assert!(reports_of(kind.name).next().is_some(), "no report names {}", kind.name);
        assert!(CHAPTERS.iter().any(|chapter| chapter.surface == kind.surface()), "no chapter for {}", kind.name);
    }
    for (report, shown) in every_way() {
        if let Shown::Fault { kind: named, .. } = shown {
            assert!(kind(named).is_some(), "{}: there is no {named}", report.source);
        }
    }
}

#[test]
fn every_key_that_is_named_exists() {
    let tables = [&keys::WORLD, &keys::LIMITS, &keys::PROMISES, &keys::OPERATOR, &keys::BUCKET, &keys::COMMAND];
    for (report, shown) in every_way() {
        let Shown::Key { key, .. } = shown else { continue };
        let (header, name) = key.rsplit_once('.').expect("[table].key");
        let table = tables.iter().find(|table| table.header == header);
        assert!(table.is_some_and(|table| table.key(name).is_some()), "{}: there is no {key}", report.source);
    }
}

#[test]
fn what_a_fault_is_said_to_have_is_what_it_may_have() {
    for (report, shown) in every_way() {
        let Shown::Fault { kind: named, with } = shown else { continue };
        let Some(kind) = kind(named) else { continue };
        for snippet in quoted(with) {
            let (name, value) = snippet.split_once(" = ").unwrap_or((snippet, ""));
            let wrong = || format!("{}: {named} with `{snippet}`", report.source);
            assert!(is_known(kind, name), "{}", wrong());
            if name == "on" && !value.is_empty() {
                let point = value.trim_matches('"');
                assert!(kind.strikes_at(point), "{}", wrong());
            }
            let parameter = kind.parameters.iter().find(|parameter| parameter.name == name);
            if let (Some(Default::OneOf(words)), false) =
                (parameter.map(|parameter| parameter.default), value.is_empty())
            {
                assert!(words.contains(&value.trim_matches('"')), "{}", wrong());
            }
        }
    }
}

/// Whether a word between backticks is something that a block of this kind may have, or something of the scenario or the
/// service that its value is measured by.
fn is_known(kind: &Kind, name: &str) -> bool {
    let filter = name.strip_prefix("where.").is_some_and(|name| keys::WHERE.key(name).is_some());
    let measure = name.strip_prefix("[world].").is_some_and(|name| keys::WORLD.key(name).is_some());
    let event = keys::EVENTS.contains(&name);
    let own = kind.parameters.iter().any(|parameter| parameter.name == name);
    let word = name.starts_with('"') || name.contains(' ');
    filter || measure || event || own || word || keys::FAULT.key(name).is_some()
}

#[test]
fn reports_are_sentences_and_sources_are_named() {
    for report in CHAPTERS.iter().flat_map(|chapter| chapter.reports) {
        assert!(!report.source.is_empty() && !report.shown_by.is_empty(), "{}", report.symptom);
        assert!(report.symptom.ends_with(['.', '?', '!']), "{}", report.symptom);
    }
}
