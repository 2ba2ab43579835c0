//! Which broken operators are caught by faults only, read from `tests/verdicts.txt`.

use std::fs;

use egress_sim_tests::root;

/// A broken operator that keeps every promise where nothing goes wrong.
pub struct Catch {
    /// `broken/NAME`
    pub operator: String,
    /// The scenario files below `scenarios/faults` in which it breaks what it is meant to break.
    pub files: Vec<String>,
}

/// Those that break nothing in a scenario without faults.
pub fn catches() -> Vec<Catch> {
    let table = fs::read_to_string(root().join("tests/verdicts.txt")).expect("tests/verdicts.txt is there");
    let mut catches: Vec<(Catch, bool)> = Vec::new();
    let mut meant = "";
    let mut is_meant = false;
    for line in table.lines() {
        if let Some((operator, property)) = line.split_once(" is meant to break ") {
            meant = property;
            catches.push((Catch { operator: operator.to_owned(), files: Vec::new() }, true));
            continue;
        }
        // Further lines of a row are indented by eight.
        let files = if let Some(files) = line.strip_prefix("        ") {
            files
        } else {
            let (ids, files) = line.trim_start().split_once(':').expect("ids, and where they break");
            is_meant = ids.split(", ").next() == Some(meant);
            files
        };
        let (catch, by_faults_only) = catches.last_mut().expect("an operator stands before its rows");
        for file in files.split(',').map(str::trim).filter(|file| !file.is_empty()) {
            *by_faults_only &= file.contains('/');
            if is_meant && file.starts_with("faults/") {
                catch.files.push(file.to_owned());
            }
        }
    }
    let only = catches.into_iter().filter(|(catch, by_faults_only)| *by_faults_only && !catch.files.is_empty());
    only.map(|(catch, _)| catch).collect()
}
