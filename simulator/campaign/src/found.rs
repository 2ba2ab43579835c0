//! Files of what was found: `found/`, thrown away when it passes again, and `scenarios/regressions/`, kept by hand.
//!
//! A found file is a scenario like any other: `[found]` says where it comes from and changes no run, `[[expect]]` says what the
//! operator does today. [`files`] writes it, so that whoever is killed leaves a whole file.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use egress_sim_model::scenario::write::write;
use egress_sim_model::scenario::{Expect, ExpectedVerdict, Scenario};

use crate::files;
use crate::fingerprint::Fingerprint;
use crate::judge::Judged;

/// Where a found scenario comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provenance {
    /// Digest of the campaign; none: a file was reduced.
    pub campaign: Option<String>,
    /// The campaign's seed and the number of the case.
    pub case: Option<(u64, u64)>,
    /// `OP`
    pub operator: String,
    /// BLAKE3 of the operator's bytes; none: native.
    pub operator_digest: Option<String>,
    /// `OP` of the operator that it was compared with.
    pub against: Option<String>,
    /// The version of egress-sim.
    pub tool: String,
    /// The version of the world.
    pub model: u32,
    /// Runs that the reduction took.
    pub runs: u64,
    /// The trace's hash.
    pub trace_hash: String,
}

/// The scenario with its provenance and with what is expected today of the operator, and of the one that it was compared with.
pub fn with_provenance(
    scenario: &Scenario,
    fingerprint: &Fingerprint,
    judged: &Judged,
    provenance: &Provenance,
) -> Scenario {
    let mut found = toml::Table::new();
    let mut set = |key: &str, value: toml::Value| drop(found.insert(key.to_owned(), value));
    let number = |number: u64| toml::Value::String(number.to_string());
    set("fingerprint", fingerprint.to_string().into());
    if let Some(campaign) = &provenance.campaign {
        set("campaign", campaign.clone().into());
    }
    if let Some((seed, case)) = provenance.case {
        set("seed", number(seed));
        set("case", number(case));
    }
    set("operator", provenance.operator.clone().into());
    if let Some(digest) = &provenance.operator_digest {
        set("operator_digest", digest.clone().into());
    }
    if let Some(against) = &provenance.against {
        set("against", against.clone().into());
    }
    set("tool", provenance.tool.clone().into());
    set("model", i64::from(provenance.model).into());
    set("runs", number(provenance.runs));
    set("trace_hash", provenance.trace_hash.clone().into());
    let mut expects = vec![expectation(&provenance.operator, &judged.breaks, fingerprint)];
    if let (Some(against), Some(breaks)) = (&provenance.against, &judged.other_breaks) {
        expects.push(expectation(against, breaks, fingerprint));
    }
    Scenario { found, expects, name: fingerprint.file_stem(), ..scenario.clone() }
}

/// What an operator does today, the meant promise first.
fn expectation(operator: &str, breaks: &[String], fingerprint: &Fingerprint) -> Expect {
    let mut violates = breaks.to_vec();
    violates.sort_by_key(|id| *id != fingerprint.property);
    let verdict = if violates.is_empty() { ExpectedVerdict::Pass } else { ExpectedVerdict::Violates };
    Expect { operator: operator.to_owned(), verdict, violates, counts: BTreeMap::new() }
}

/// A reduction that is still under way, under a name of its own: a found file like any other, so that it is thrown away once it
/// passes. `against` is the operator that it is compared with.
pub fn unfinished(scenario: &Scenario, property: &str, operator: &str, against: Option<&str>) -> Scenario {
    let name = format!("unfinished-{}", property.replace('.', "-"));
    let mut found = toml::Table::new();
    found.insert("unfinished".to_owned(), true.into());
    found.insert("property".to_owned(), property.into());
    found.insert("operator".to_owned(), operator.into());
    if let Some(against) = against {
        found.insert("against".to_owned(), against.into());
    }
    Scenario { name, found, ..scenario.clone() }
}

/// Writes a scenario into a folder, under its name, whole or not at all.
///
/// # Errors
/// Where it cannot be written: the path and why.
pub fn save(folder: &Path, scenario: &Scenario) -> Result<PathBuf, String> {
    let path = folder.join(format!("{}.toml", scenario.name));
    fs::create_dir_all(folder).map_err(|error| format!("{} cannot be written: {error}", path.display()))?;
    files::write(&path, &write(scenario))?;
    Ok(path)
}

/// Takes a scenario of an earlier state of the reduction away.
pub fn forget(folder: &Path, name: &str) {
    // It may never have been written.
    let _ = fs::remove_file(folder.join(format!("{name}.toml")));
}
