//! The fresh process is this test's own binary, so that an operator may be in it that no `OP` names.

use std::fs;
use std::rc::Rc;

use egress_sim_campaign::judge::Judge;
use egress_sim_model::scenario::Scenario;
use egress_sim_model::scenario::file::parse;

use super::*;
use crate::operator::Loaded;
use crate::testing::noting;

const SCENARIO: &str = "format = 1\n[[tenant]]\nname = \"acme\"\nbuckets = [\"rec\"]\n[[call]]\ntenant = \"acme\"\n\
    room = \"standup\"\nparticipants = [\"alice\"]\nat = \"1h\"\nduration = \"5m\"\nrecording = \"compliance\"\n";

/// An operator that tells the time zone, or one that does not care.
pub fn operator(op: &str) -> Rc<Loaded> {
    match op {
        "zoned" => noting("zoned", "reference", || std::env::var("TZ").unwrap_or_else(|_| "no zone".into())),
        _ => noting("steady", "reference", || "as always".into()),
    }
}

/// A fresh process of this test that runs what is asked for, see [`replays_what_it_is_asked_for`].
pub fn this_test(asked: &Asked) -> Result<Command, String> {
    let mut command = Command::new(std::env::current_exe().map_err(|error| error.to_string())?);
    command.args(["--exact", "determinism::tests::replays_what_it_is_asked_for", "--nocapture"]);
    let paths: Vec<String> = asked.scenarios.iter().map(|path| path.display().to_string()).collect();
    command.env("TEST_REPLAY", paths.join("\n")).env("TEST_OPERATOR", asked.operator.file_name().unwrap_or_default());
    command.envs(asked.records.map(|from| ("TEST_RECORDS", from.to_string())));
    Ok(command)
}

fn run(op: &str, scenario: &Rc<Scenario>, records: Option<u64>) -> Replayed {
    let operator = operator(op);
    let judge = Judge::new(&*operator, &[]);
    let mut records = records.map(Records::behind);
    let witness = records.as_mut().map(|records| records as &mut dyn egress_sim_model::trace::Witness);
    let outcome = judge.bare(scenario, witness).expect("it runs");
    Replayed { marks: Marks::of(&outcome), records: records.map(|records| records.kept) }
}

fn scenario() -> Rc<Scenario> {
    Rc::new(parse("small", SCENARIO).expect("a sound file"))
}

#[test]
fn replays_what_it_is_asked_for() {
    let records = std::env::var("TEST_RECORDS").ok().map(|from| from.parse().expect("a number"));
    let op = std::env::var("TEST_OPERATOR").unwrap_or_else(|_| "steady".into());
    let print = |scenario: &Rc<Scenario>| {
        let replayed = run(&op, scenario, records);
        assert!(replayed.marks.events > 10);
        println!("\n{}", serde_json::to_string(&replayed).expect("plain data"));
    };
    match std::env::var("TEST_REPLAY") {
        Err(_) => print(&scenario()),
        Ok(paths) => {
            for path in paths.lines() {
                print(&Rc::new(parse("small", &fs::read_to_string(path).expect("there")).expect("a sound file")));
            }
        }
    }
}

/// Where the run of a fresh process parts from one here.
fn compared(op: &str) -> Option<String> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("small.toml");
    fs::write(&path, SCENARIO).expect("writable");
    let asked = of_file(&path, op.into(), None);
    let first = run(op, &scenario(), None).marks;
    let fresh = replay(&this_test, &asked).expect("it runs");
    assert_eq!(fresh.len(), 1);
    parted(&this_test, &asked, &first, &fresh[0].marks, |records| {
        records.kept = run(op, &scenario(), Some(0)).records.expect("they were asked for");
        Ok(())
    })
}

#[test]
fn what_depends_on_the_environment_parts_in_a_fresh_process() {
    let how = compared("zoned").expect("it tells the time zone");
    assert!(
        how.starts_with("a fresh process with another time zone, language and folder parts from the first"),
        "{how}"
    );
    let (here, there) = how.split_once("In the fresh process, ").expect("both sides are shown");
    assert!(here.contains("the first record that differs is number "), "{how}");
    assert!(!here.contains("Kathmandu") && there.contains("→ log.write info: Asia/Kathmandu"), "{how}");
}

#[test]
fn what_does_not_is_the_same() {
    assert_eq!(compared("steady"), None);
}

#[test]
fn a_process_that_gives_nothing_is_told_of() {
    let asked = of_file(Path::new("a.toml"), "builtin:reference".into(), None);
    let error = replay(&|_| Ok(Command::new("/bin/false")), &asked).expect_err("it gives nothing");
    assert_eq!(error, "a fresh process ran 0 of 1 scenarios (exit status: 1): it said nothing");
    let error = replay(&|_| Ok(Command::new("/nonexistent/egress-sim")), &asked).expect_err("it is not there");
    assert!(error.starts_with("a fresh process cannot be started: "), "{error}");
}
