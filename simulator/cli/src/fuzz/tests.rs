//! Whole campaigns with operators that are not always the same: each check of determinism fails for one of them.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use clap::Parser as _;
use serde_json::Value;

use super::*;
use crate::arguments::{Arguments, Command};
use crate::determinism::tests::{operator as zoned, this_test};
use crate::testing::noting;

/// Runs a campaign with this text, and gives its exit code, its document and the files that it left in `found/`.
fn campaign(operator: &Rc<Loaded>, text: &str, cases: u64) -> (Exit, Value, Vec<PathBuf>) {
    let place = tempfile::tempdir().expect("a folder");
    let at = |name: &str| place.path().join(name).display().to_string();
    fs::write(at("campaign.toml"), text).expect("writable");
    let arguments = Arguments::try_parse_from([
        "egress-sim",
        "fuzz",
        "--operator",
        &operator.op,
        "--campaign",
        &at("campaign.toml"),
        "--cases",
        &cases.to_string(),
        "--found",
        &at("found"),
        "--regressions",
        &at("none"),
        "--format",
        "json",
        "--output",
        &at("result.json"),
    ]);
    let Ok(Command::Fuzz(arguments)) = arguments.map(|arguments| arguments.command) else { panic!("sound arguments") };
    let mut shelf = Shelf::holding(operator).expect("a shelf");
    let exit = fuzz_on(&arguments, &mut shelf, &this_test).expect("it runs");
    let document = fs::read_to_string(at("result.json")).expect("there");
    let files = fs::read_dir(at("found")).into_iter().flatten().flatten();
    (exit, serde_json::from_str(&document).expect("JSON"), files.map(|entry| entry.path()).collect())
}

fn counting(name: &'static str) -> Rc<Loaded> {
    let count = AtomicU64::new(0);
    noting("counting", name, move || format!("incarnation {}", count.fetch_add(1, Ordering::Relaxed)))
}

#[test]
fn what_is_not_the_same_again_in_the_same_thread_is_the_verdict() {
    let (exit, document, files) = campaign(&counting("reference"), "[determinism]\nrepeat = [1, 2]\n", 20);
    assert_eq!((exit, &document["verdict"]), (Exit::Nondeterministic, &"nondeterministic".into()));
    let parted = &document["parted"][0];
    let how = parted["how"].as_str().expect("how");
    assert!(how.contains("In the first run, after 0s: → log.write info: incarnation "), "{how}");
    let number = parted["case"].as_u64().expect("a case");
    let file = parted["scenario"].as_str().expect("a path");
    assert!(file.ends_with(&format!("nondeterministic-case-{number}.toml")), "{file}");
    assert_eq!(files.len(), 3, "the first few are kept: {files:?}");
}

#[test]
fn what_depends_on_the_environment_is_the_verdict() {
    let (exit, document, _) = campaign(&zoned("zoned"), "[determinism]\nrepeat = [1, 2]\nfresh = 2\n", 20);
    assert_eq!(exit, Exit::Nondeterministic);
    let parted = document["parted"].as_array().expect("a list");
    assert_eq!(parted.len(), 2, "both cases that a fresh process ran: {parted:?}");
    assert!(parted[0]["how"].as_str().expect("how").contains("→ log.write info: Asia/Kathmandu"), "{parted:?}");

    let (exit, document, files) = campaign(&zoned("zoned"), "[determinism]\nrepeat = [1, 2]\nfresh = 0\n", 20);
    assert_eq!((exit, &document["parted"][0]), (Exit::Inconclusive, &Value::Null), "nobody looked");
    assert_eq!(files.len(), 0);
}

#[test]
fn what_is_not_the_same_again_is_never_reported_as_a_finding() {
    let off = "[determinism]\nrepeat = [0, 1]\n[families]\nwebhook = [1, 1]\n";
    let (exit, document, _) = campaign(&counting("two-composites"), off, 60);
    assert_eq!((exit, document["findings"].as_array().map(Vec::len)), (Exit::Nondeterministic, Some(0)));
    let how = document["parted"][0]["how"].as_str().expect("how");
    assert!(how.contains("incarnation "), "{how}");

    // The same, and only elsewhere it is another.
    let name = "two-composites";
    let elsewhere = noting("zoned", name, || std::env::var("TZ").unwrap_or_else(|_| "no zone".into()));
    let (exit, document, _) = campaign(&elsewhere, off, 60);
    assert_eq!((exit, document["findings"].as_array().map(Vec::len)), (Exit::Nondeterministic, Some(0)));
}
