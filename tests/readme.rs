//! What the README tells a newcomer to do has the effect that it tells of.

use std::fs;
use std::rc::Rc;

use egress_sim_model::scenario::file;
use egress_sim_tests::{broken, native, root, run, story};

fn readme() -> String {
    fs::read_to_string(root().join("README.md")).expect("there is a README")
}

/// `sed -i 's/PATTERN//' FILE`: pattern and file.
fn sed(readme: &str) -> (String, String) {
    let command =
        readme.lines().find_map(|line| line.trim().strip_prefix("sed -i 's/")).expect("it breaks a line by sed");
    let (expression, file) = command.split_once("' ").expect("an expression and a file");
    let pattern = expression.strip_suffix("//").expect("it takes something away").replace('\\', "");
    (pattern, file.to_owned())
}

#[test]
fn the_line_to_break_is_there_once() {
    let (pattern, file) = sed(&readme());
    let source = fs::read_to_string(root().join(&file)).unwrap_or_else(|error| panic!("{file}: {error}"));
    assert_eq!(source.matches(&pattern).count(), 1, "{pattern} in {file}");
    assert!(readme().contains(&format!("git checkout {file}")), "it says how the line comes back");
}

/// `in-memory-lock` commits without the condition, too.
#[test]
fn the_scenario_that_is_found_breaks_who_does_not_ask_for_the_condition() {
    let readme = readme();
    let found = readme.split("## Let it search").nth(1).expect("the section");
    let lines = found.lines().skip_while(|line| line.trim() != "format = 1");
    let lines = lines.take_while(|line| line.is_empty() || line.starts_with("        "));
    let source = lines.map(str::trim).collect::<Vec<_>>().join("\n");
    let scenario =
        Rc::new(file::parse("readme", &source).unwrap_or_else(|error| panic!("{}", error.render("README.md"))));
    assert!(scenario.faults.is_empty(), "the README says that none is needed");
    let sound = run(&scenario, &native("reference"));
    assert!(broken(&sound).is_empty(), "{}", story(&sound));
    let outcome = run(&scenario, &native("in-memory-lock"));
    assert!(broken(&outcome).contains(&"recording.no-overlap"), "{:?}", broken(&outcome));
}
