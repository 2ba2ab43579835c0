//! `fuzz`, `reduce`, `merge` and `promote` as a user has them: what is found, where it goes, and with what exit code.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

fn command(directory: &Path, arguments: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_egress-sim"));
    command.current_dir(directory).env_remove("CI").env_remove("GITHUB_ACTIONS").env_remove("JOB_COMPLETION_INDEX");
    command.args(arguments.split_whitespace());
    command
}

fn egress_sim(directory: &Path, arguments: &str) -> Output {
    command(directory, arguments).output().expect("the program runs")
}

fn json(output: &Output) -> Value {
    let text = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}{}", stderr(output)))
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A campaign of one surface, for which few cases do.
const CAMPAIGN: &str =
    "title = \"Webhooks only\"\n[budget]\ncases = 300\n[families]\nwebhook = [1, 1]\n[size]\nfaults = [1, 2]\n";

#[test]
fn a_broken_operator_is_found_reduced_replayed_and_promoted() {
    let place = tempfile::tempdir().expect("a directory");
    let at = place.path();
    fs::write(at.join("campaign.toml"), CAMPAIGN).expect("writable");
    let run = "fuzz --operator builtin:broken/two-composites --campaign campaign.toml --format json";
    let output = egress_sim(at, run);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let document = json(&output);
    assert_eq!(
        (&document["format"], &document["cases"], &document["verdict"]),
        (&1.into(), &300.into(), &"violates".into())
    );
    let findings = document["findings"].as_array().expect("findings");
    let overlap = findings.iter().find(|finding| finding["property"] == "recording.no-overlap").expect("found");
    assert_eq!((&overlap["calls"], &overlap["faults"], &overlap["commands"]), (&1.into(), &1.into(), &0.into()));
    let file = overlap["scenario"].as_str().expect("a path");
    assert!(file.starts_with("found/"), "{file}");

    // It replays from the file, by itself.
    let replayed = egress_sim(at, &format!("run {file} --operator builtin:broken/two-composites --format json"));
    assert_eq!(replayed.status.code(), Some(0), "what `[[expect]]` says comes: {}", stderr(&replayed));
    assert_eq!(json(&replayed)["runs"][0]["expected"], true);
    // Reduced once more it stays as it is.
    let reduced =
        egress_sim(at, &format!("reduce {file} --operator builtin:broken/two-composites --output again.toml"));
    assert_eq!(reduced.status.code(), Some(1), "{}", stderr(&reduced));
    let blocks = |path: &Path| fs::read_to_string(path).expect("written").matches("[[").count();
    assert_eq!(blocks(&at.join("again.toml")), blocks(&at.join(file)));

    // Promoted, it is replayed before anything random, and kept.
    let promoted = egress_sim(at, &format!("promote {file}"));
    assert_eq!(promoted.status.code(), Some(0), "{}", stderr(&promoted));
    assert!(!at.join(file).exists());
    let kept = at.join("scenarios/regressions").join(Path::new(file).file_name().expect("a name"));
    assert!(kept.exists());
    let sound = egress_sim(at, "fuzz --operator native:reference --cases 1");
    assert!(String::from_utf8_lossy(&sound.stdout).contains("passes"), "{}", stderr(&sound));
    assert!(kept.exists(), "a regression is never thrown away");
}

#[test]
fn what_was_found_is_thrown_away_once_it_passes() {
    let place = tempfile::tempdir().expect("a directory");
    let at = place.path();
    fs::write(at.join("campaign.toml"), CAMPAIGN).expect("writable");
    let found = egress_sim(at, "fuzz --operator native:broken/two-composites --campaign campaign.toml");
    assert_eq!(found.status.code(), Some(1), "{}", stderr(&found));
    let files = || fs::read_dir(at.join("found")).expect("there").count();
    assert!(files() > 0);
    egress_sim(at, "fuzz --operator native:reference --cases 1");
    assert_eq!(files(), 0, "the sound operator breaks none of them");
}

/// A result without what depends on where and how fast it was made: paths and times.
fn comparable(document: &Value) -> Value {
    let mut document = document.clone();
    let findings = document["findings"].as_array_mut().expect("findings");
    for finding in findings {
        let path = finding["scenario"].as_str().expect("a path").to_owned();
        finding["scenario"] = path.rsplit('/').next().into();
    }
    let fields = document.as_object_mut().expect("an object");
    fields.remove("wall_ms");
    fields.remove("parts");
    document
}

#[test]
fn eight_processes_come_to_the_same_as_one() {
    let place = tempfile::tempdir().expect("a directory");
    let at = place.path();
    fs::write(at.join("campaign.toml"), CAMPAIGN).expect("writable");
    let fuzz = "fuzz --operator native:broken/two-composites --campaign campaign.toml --format json";
    let whole = json(&egress_sim(at, &format!("{fuzz} --found whole --jobs 2")));
    let shards: Vec<_> = (1..=8)
        .map(|part| command(at, &format!("{fuzz} --found part-{part} --shard {part}/8 --jobs 1 --output {part}.json")))
        .map(|mut command| command.spawn().expect("the program runs"))
        .collect();
    for mut shard in shards {
        assert_eq!(shard.wait().expect("it ends").code(), Some(1));
    }

    let merge = |results: &str| {
        let merged = egress_sim(at, &format!("merge {results} --format json --found merged"));
        assert_eq!(merged.status.code(), Some(1), "{}", stderr(&merged));
        json(&merged)
    };
    let merged = merge("1.json 2.json 3.json 4.json 5.json 6.json 7.json 8.json");
    assert_eq!(comparable(&merged), comparable(&whole));
    let findings = merged["findings"].as_array().expect("findings");
    assert!(findings.len() >= 2, "{findings:?}");
    for finding in findings {
        let (path, text) = (finding["scenario"].as_str().expect("a path"), finding["text"].as_str().expect("its text"));
        assert!(path.starts_with("merged/"), "{path}");
        assert_eq!(fs::read_to_string(at.join(path)).expect("written"), text);
    }

    // In any order, twice, and in two steps it is the same, to the last byte but the paths.
    let shuffled = merge("7.json 1.json 8.json 2.json 2.json 6.json 5.json 4.json 3.json 7.json");
    assert_eq!(shuffled, merged);
    let half = egress_sim(at, "merge 5.json 1.json 3.json --format json --output half.json");
    assert_eq!(half.status.code(), Some(1), "{}", stderr(&half));
    assert_eq!(merge("half.json 2.json 4.json 6.json 7.json 8.json 1.json"), merged);

    for (number, length) in (1..=8).map(|part| (part, fs::metadata(at.join(format!("{part}.json"))).unwrap().len())) {
        assert!(length < 64 << 10, "the result of shard {number} has {length} bytes");
    }

    fs::write(at.join("other.toml"), CAMPAIGN.replace("faults = [1, 2]", "faults = [1, 3]")).expect("writable");
    let other = "fuzz --operator native:broken/two-composites --campaign other.toml --cases 1 --format json";
    egress_sim(at, &format!("{other} --shard 1/8 --output other.json"));
    let refused = egress_sim(at, "merge 2.json other.json");
    assert_eq!(refused.status.code(), Some(64), "{}", stderr(&refused));
    assert!(stderr(&refused).contains("results of different campaigns cannot be merged"), "{}", stderr(&refused));
}

/// The probe hears everything, and has two checks of its own: that it hears nothing twice, and that it does.
#[test]
fn the_authors_own_checks_are_searched_like_any_promise() {
    let place = tempfile::tempdir().expect("a directory");
    let at = place.path();
    fs::write(at.join("probe.wasm"), egress_sim_builtin::PROBE).expect("writable");
    fs::write(at.join("campaign.toml"), format!("properties = [\"custom.heard-once\"]\n{CAMPAIGN}")).expect("writable");
    let output = egress_sim(at, "fuzz --operator probe.wasm --campaign campaign.toml --format json");
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let document = json(&output);
    let findings = document["findings"].as_array().expect("findings");
    assert!(!findings.is_empty() && findings.iter().all(|finding| finding["property"] == "custom.heard-once"));
    assert_eq!((&findings[0]["calls"], &findings[0]["faults"]), (&1.into(), &1.into()), "{findings:?}");
    let hits = |goal: &str| {
        let goals = document["goals"].as_array().expect("goals");
        goals.iter().find(|known| known["id"] == goal).map(|known| known["hits"].as_u64())
    };
    assert!(hits("checked/custom.heard-once").is_some() && hits("sometimes/heard-again").flatten() > Some(0));

    // Nothing is delivered twice where nothing goes wrong: then the other check is a goal that was not reached.
    let tame = "properties = [\"custom.heard-once\"]\n[families]\n";
    fs::write(at.join("tame.toml"), tame).expect("writable");
    let tame = egress_sim(at, "fuzz --operator probe.wasm --campaign tame.toml --cases 40 --found other");
    let told = String::from_utf8_lossy(&tame.stdout);
    assert_eq!(tame.status.code(), Some(2), "{told}{}", stderr(&tame));
    assert!(told.contains("goal sometimes/heard-again was not reached: the operator's own"), "{told}");
}

#[test]
fn mistakes_are_named_and_exit_64() {
    let place = tempfile::tempdir().expect("a directory");
    let at = place.path();
    fs::write(at.join("campaign.toml"), "[families]\nmoon = [1, 2]\n").expect("writable");
    fs::write(at.join("half.json"), "{\"format\":1").expect("writable");
    fs::write(at.join("fine.toml"), "format = 1\n").expect("writable");
    for (arguments, words) in [
        ("fuzz --campaign campaign.toml", "there are no faults of \"moon\""),
        ("fuzz --campaign nowhere.toml", "nowhere.toml cannot be read"),
        ("fuzz --shard 9/8", "is no shard"),
        ("fuzz --time soon", "--time soon"),
        ("fuzz --operator builtin:broken/nobody", "nobody"),
        ("merge half.json", "half.json is no result of a campaign"),
        ("reduce fine.toml", "keeps every promise"),
        ("reduce nowhere.toml", "nowhere.toml"),
        ("promote nowhere.toml", "nowhere.toml"),
    ] {
        let output = egress_sim(at, arguments);
        assert_eq!(output.status.code(), Some(64), "{arguments}: {}", stderr(&output));
        assert!(stderr(&output).contains(words), "{arguments}: {}", stderr(&output));
    }
}

#[test]
fn a_reduction_that_is_killed_leaves_a_scenario_that_breaks_the_promise() {
    let place = tempfile::tempdir().expect("a directory");
    let at = place.path();
    let text = include_str!("../../../scenarios/contract-end-12000.toml").replace("count = 12000", "count = 1000");
    fs::write(at.join("large.toml"), text).expect("writable");
    let mut reduction = Command::new(env!("CARGO_BIN_EXE_egress-sim"))
        .current_dir(at)
        .args(["reduce", "large.toml", "--operator", "native:keeps-links", "--property", "deletion.links-gone"])
        .args(["--output", "best.toml"])
        .stderr(std::process::Stdio::null())
        .spawn()
        .expect("the program runs");
    while !at.join("best.toml").exists() {
        assert_eq!(reduction.try_wait().expect("it is ours"), None, "it writes what it has as soon as it has it");
        std::thread::yield_now();
    }
    reduction.kill().expect("it is ours");
    let status = reduction.wait().expect("it is ours");
    assert_eq!(status.code(), None, "it was killed in the middle: {status}");
    let output = egress_sim(at, "run best.toml --operator native:keeps-links --format json");
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let run = &json(&output)["runs"][0];
    let broken = run["properties"].as_array().expect("properties");
    assert!(broken.iter().any(|one| one["id"] == "deletion.links-gone" && one["verdict"] == "violated"), "{run}");
}

#[test]
fn twelve_thousand_recordings_are_reduced_told_and_replayed() {
    let place = tempfile::tempdir().expect("a directory");
    let at = place.path();
    let text = include_str!("../../../scenarios/contract-end-12000.toml").replace("count = 12000", "count = 1000");
    fs::write(at.join("large.toml"), text).expect("writable");
    let output = egress_sim(at, "reduce large.toml --operator native:keeps-links --property deletion.links-gone");
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let file = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(file.matches("[[call]]").count(), 1, "{file}");
    assert!(!file.contains("count ="), "{file}");
    let told = stderr(&output);
    for words in [
        "FAIL deletion.links-gone",
        "fingerprint deletion.links-gone",
        "contract end of acme (at ",
        "without it every promise holds",
        "a link to https://",
        "1,049 calls → 1, ",
        "replayed twice: identical",
    ] {
        assert!(told.contains(words), "{words}: {told}");
    }
}

#[test]
fn two_operators_are_compared_in_both_directions() {
    let place = tempfile::tempdir().expect("a directory");
    let at = place.path();
    fs::write(at.join("campaign.toml"), CAMPAIGN).expect("writable");
    let fuzz = "fuzz --operator native:reference --against native:two-composites --campaign campaign.toml";
    let output = egress_sim(at, &format!("{fuzz} --format json"));
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let document = json(&output);
    let findings = document["findings"].as_array().expect("findings");
    let overlap = findings.iter().find(|finding| finding["property"] == "recording.no-overlap").expect("found");
    assert!(overlap["fingerprint"].as_str().is_some_and(|print| print.starts_with("other:")), "{overlap}");
    let file = fs::read_to_string(at.join(overlap["scenario"].as_str().expect("a path"))).expect("written");
    assert!(file.contains("against = \"native:two-composites\""), "{file}");
    assert!(file.contains("operator = \"native:reference\"\n"), "{file}");
    // By itself the reference keeps the promise, and the file is not thrown away for that.
    let alone = egress_sim(at, "fuzz --operator native:reference --cases 1");
    let told = String::from_utf8_lossy(&alone.stdout).into_owned();
    assert!(told.contains("pass --against native:two-composites to replay it"), "{told}");
    assert!(at.join(overlap["scenario"].as_str().expect("a path")).exists());
}
