//! Holds what `ARCHITECTURE.md` says the crates never do: which way dependencies point, and which names a crate's
//! sources do not contain. clippy holds more of it (`clippy.toml` beside the crates); this runs without clippy.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// Which of our crates each of our crates may depend on, tests and benchmarks aside.
const DEPENDENCIES: &[(&str, &[&str])] = &[
    ("egress-sim-model", &[]),
    ("egress-sim-sdk", &[]),
    ("egress-sim-operators", &["egress-sim-sdk"]),
    ("egress-sim-builtin", &[]),
    ("egress-sim-probe", &["egress-sim-sdk"]),
    ("first-operator", &["egress-sim-sdk"]),
    ("egress-sim-sandbox", &["egress-sim-model"]),
    ("egress-sim-native", &["egress-sim-model", "egress-sim-sdk"]),
    ("egress-sim-campaign", &["egress-sim-model"]),
    ("egress-sim-wire", &["egress-sim-model"]),
    ("egress-sim-gateway", &["egress-sim-model", "egress-sim-wire"]),
    (
        "egress-sim",
        &[
            "egress-sim-builtin",
            "egress-sim-campaign",
            "egress-sim-gateway",
            "egress-sim-model",
            "egress-sim-native",
            "egress-sim-operators",
            "egress-sim-sandbox",
            "egress-sim-wire",
        ],
    ),
];

/// Folder, name that must not stand in its sources, and what to use instead.
const FORBIDDEN: &[(&str, &str, &str)] = &[
    ("simulator/model/src", "HashMap", "BTreeMap: whatever is iterated must have an order"),
    ("simulator/model/src", "HashSet", "BTreeSet: whatever is iterated must have an order"),
    ("simulator/model/src", "Instant::now", "State::now: the model has no clock"),
    ("simulator/model/src", "SystemTime", "State::now: the model has no clock"),
    ("simulator/model/src", "std::fs", "the command line, which reads and writes files"),
    ("simulator/model/src", "TcpStream", "the gateway, which has the sockets"),
    ("simulator/model/src", "std::thread", "one synchronous loop"),
    ("simulator/model/src", "std::env", "the scenario, which holds all that a run depends on"),
    ("simulator/model/src", "wasmtime::", "Host and Guest, behind which the sandbox is"),
    ("simulator/wire/src", "TcpStream", "the gateway, which has the sockets"),
    ("simulator/wire/src", "SystemTime::now", "what the caller passes in: the same request is read the same way"),
    ("simulator/wire/src", "Instant::now", "what the caller passes in: the same request is read the same way"),
    ("simulator/wire/src", "std::thread", "the gateway, which has the threads"),
    ("simulator/campaign/src", "HashMap", "BTreeMap: what is found must not depend on an order that nobody chose"),
    ("simulator/campaign/src", "Instant::now", "the caller's `stop` and `watch`: a search has no clock"),
    ("guest-sdk/operators/src", "HashMap", "BTreeMap: native and sandboxed runs must not differ"),
    ("guest-sdk/operators/src", "HashSet", "BTreeSet: native and sandboxed runs must not differ"),
    ("guest-sdk/operators/src", "thread_local", "the operator's own struct"),
    ("guest-sdk/operators/src", "std::time", "Cx::now"),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ lies in the repository").to_path_buf()
}

#[test]
fn dependencies_point_one_way() {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--no-deps", "--offline"])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo metadata prints JSON");
    for package in metadata["packages"].as_array().expect("packages") {
        let name = package["name"].as_str().expect("name");
        if name == "egress-sim-tests" {
            continue;
        }
        let (_, allowed) = DEPENDENCIES
            .iter()
            .find(|(known, _)| *known == name)
            .unwrap_or_else(|| panic!("{name} is new: say in ARCHITECTURE.md and here what it may depend on"));
        for dependency in package["dependencies"].as_array().expect("dependencies") {
            let on = dependency["name"].as_str().expect("name");
            let ours = dependency["path"].is_string();
            let shipped = dependency["kind"] != "dev";
            assert!(!ours || !shipped || allowed.contains(&on), "{name} must not depend on {on}");
        }
    }
}

#[test]
fn sources_do_not_contain_what_their_crate_never_does() {
    for (folder, name, instead) in FORBIDDEN {
        let files = sources(&root().join(folder));
        assert!(!files.is_empty(), "{folder} has no sources: has it moved?");
        for file in files {
            let text = fs::read_to_string(&file).expect("sources are text");
            for (number, line) in text.lines().enumerate() {
                let code = line.split("//").next().unwrap_or_default();
                assert!(
                    !code.contains(name),
                    "{}:{}: {name} is not for this crate: use {instead}",
                    file.display(),
                    number + 1
                );
            }
        }
    }
}

/// Rust files that are shipped; unit tests (`tests.rs`) may read their fixtures.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") && !path.ends_with("tests.rs") {
            files.push(path);
        }
    }
    files
}
