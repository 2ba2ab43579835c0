//! An incident of production as a scenario: from captured webhook bodies and bucket listings to a file that replays it.
//!
//! Pure: it gets bytes with the names of their files, and gives a [`Scenario`] and a [`Report`] of what was read, what was
//! inferred and what could not be. `capture` and `listing` read; `deliveries` tells news from repetitions, and which came
//! late; `incident` puts the news together into rooms, people and egresses; `lives` reads faults off the lives of egresses,
//! `losses` off what was never told, `objects` off the buckets; `build` writes the scenario, under other names if asked to.
//!
//! What an import cannot know it does not make up: who signed a delivery, CDN, retention and contracts of the tenants, and
//! what the operator of that day asked for and was answered.

use thiserror::Error;

use super::Scenario;

mod build;
mod capture;
mod deliveries;
mod incident;
mod listing;
mod lives;
mod losses;
mod names;
mod objects;
mod strikes;

/// A file: its name for messages, and what is in it.
#[derive(Clone, Debug)]
pub struct Source {
    /// As the user wrote it.
    pub name: String,
    /// All of it.
    pub bytes: Vec<u8>,
}

/// A listing of one bucket.
#[derive(Clone, Debug)]
pub struct ObjectsSource {
    /// Its bucket; none: the file says it, or there is only one.
    pub bucket: Option<String>,
    /// What `aws s3api list-object-versions` or `list-objects-v2` printed.
    pub file: Source,
}

/// How to import.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Pass over lines that are no webhook.
    pub skip_bad_lines: bool,
    /// Call rooms, people, tenants and buckets by numbers.
    pub anonymise: bool,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Imported {
    /// It parses, and it runs.
    pub scenario: Scenario,
    /// For the user.
    pub report: Report,
}

/// What an import did, in sentences without a full stop.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// What was in the files.
    pub read: Vec<String>,
    /// What was concluded from it, and from what.
    pub inferred: Vec<String>,
    /// What stays open, and what to do about it.
    pub open: Vec<String>,
}

/// A file that cannot be imported: where, what was expected, what to do.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{place}: {message}\n  help: {help}")]
pub struct ImportError {
    /// File and line.
    pub place: String,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: String,
}

/// Makes a scenario called `name` of an incident.
///
/// # Errors
/// The first line or file that is not what it should be.
pub fn import(
    name: &str,
    webhooks: &Source,
    objects: &[ObjectsSource],
    options: Options,
) -> Result<Imported, ImportError> {
    let capture = capture::read(webhooks, options.skip_bad_lines)?;
    let told = deliveries::tell_apart(&capture);
    let mut incident = incident::Incident::of(&capture, &told);
    if incident.sessions.is_empty() {
        return Err(ImportError {
            place: webhooks.name.clone(),
            message: "none of its events is of a room".into(),
            help: "capture room, participant, track and egress events: without them there is nothing to replay".into(),
        });
    }
    let listings = listing::read_all(objects, &incident)?;
    let mut report = Report { read: capture.words(&told), ..Report::default() };
    report.read.extend(incident.words());
    let mut strikes = strikes::Strikes::default();
    lives::befallen(&mut incident, &listings, &mut strikes, &mut report);
    let unknown_keys = objects::compare(&incident, &listings, &mut strikes, &mut report);
    losses::undelivered(&incident, &capture, &told, &mut strikes, &mut report);
    let mut scenario = build::scenario(name, &incident, &listings, unknown_keys, strikes, options, &mut report);
    scenario.found = build::provenance(webhooks, objects);
    Ok(Imported { scenario, report })
}

/// `1 room`, `2 rooms`.
fn count(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}
