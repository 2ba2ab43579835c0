//! What makes two findings the same one.

use std::collections::BTreeSet;
use std::fmt;

use crate::judge::{Broken, Judged};

/// In what way something is amiss.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The operator breaks the promise; where it is compared with another one, that one does not.
    #[default]
    Broken,
    /// Only the operator that it is compared with breaks the promise.
    BrokenByOther,
    /// The two keep and break the same, and leave something else behind.
    SettledOtherwise,
}

/// A broken promise together with the kinds of fault that it takes. Seeds, times and names are no part of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fingerprint {
    /// The property's id.
    pub property: String,
    /// In what way.
    pub kind: Kind,
    /// Kinds of faults that struck.
    pub faults: BTreeSet<&'static str>,
}

impl Fingerprint {
    /// Of a broken promise in a run.
    pub fn of(broken: &Broken, judged: &Judged) -> Fingerprint {
        Fingerprint { property: broken.property.clone(), kind: broken.kind, faults: judged.struck.clone() }
    }

    /// The fingerprint without its faults: which promise, and of whom where two operators are compared.
    pub fn promise(property: &str, kind: Kind) -> String {
        Fingerprint { property: property.to_owned(), kind, faults: BTreeSet::new() }.to_string()
    }

    /// A short name for files: the property and eight digits that stand for the rest.
    pub fn file_stem(&self) -> String {
        let digest = blake3::hash(self.to_string().as_bytes()).to_hex();
        format!("{}-{}", self.property.replace('.', "-"), &digest[..8])
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let other = if self.kind == Kind::BrokenByOther { "other:" } else { "" };
        write!(f, "{other}{}", self.property)?;
        for (place, kind) in self.faults.iter().enumerate() {
            write!(f, "{}{kind}", if place == 0 { "/" } else { "+" })?;
        }
        Ok(())
    }
}
