//! Names of the incident as a scenario can have them; or numbers instead, which say nothing of anybody.

use std::collections::{BTreeMap, BTreeSet};

use crate::scenario::file;

/// What a name is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Of {
    Tenant,
    Room,
    Person,
    Bucket,
}

/// The same name for the same thing, throughout.
#[derive(Debug, Default)]
pub(super) struct Names {
    anonymise: bool,
    known: BTreeMap<(Of, String), String>,
    taken: BTreeSet<(Of, String)>,
    /// Names that had to be changed for the scenario.
    pub(super) changed: Vec<(String, String)>,
}

impl Names {
    pub(super) fn new(anonymise: bool) -> Names {
        Names { anonymise, ..Names::default() }
    }

    /// The name in the scenario.
    pub(super) fn get(&mut self, of: Of, name: &str) -> String {
        let known = (of, name.to_owned());
        if let Some(given) = self.known.get(&known) {
            return given.clone();
        }
        let number = self.known.keys().filter(|(other, _)| *other == of).count() + 1;
        let word = match of {
            Of::Tenant => "tenant",
            Of::Room => "room",
            Of::Person => "person",
            Of::Bucket => "bucket",
        };
        let numbered = format!("{word}-{number}");
        let mut given = if self.anonymise { numbered.clone() } else { fitting(of, name) };
        if given.is_empty() || (of == Of::Bucket && !file::is_bucket_name(&given)) {
            given.clone_from(&numbered);
        }
        let mut again = 1;
        while !self.taken.insert((of, given.clone())) {
            again += 1;
            given = format!("{numbered}-{again}");
        }
        if !self.anonymise && given != name && !name.is_empty() {
            self.changed.push((name.to_owned(), given.clone()));
        }
        self.known.insert(known, given.clone());
        given
    }
}

/// Braces are for templates, slashes for keys, and buckets have S3's letters.
fn fitting(of: Of, name: &str) -> String {
    let fit = |c: char| match of {
        _ if c.is_control() => '-',
        Of::Bucket if c.is_ascii_uppercase() => c.to_ascii_lowercase(),
        Of::Bucket if !(c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.') => '-',
        Of::Tenant | Of::Room if c == '{' || c == '}' => '-',
        Of::Tenant if c == '/' => '-',
        _ => c,
    };
    name.trim().chars().map(fit).collect()
}
