//! Interpreters and packages of other languages, for the tests that run them. They are installed once, below `target/`, by
//! the registries' own clients. Where they cannot be had, a test says `skipped: WHY` and passes.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// An interpreter of Python with what `requirements` names; `name` says where it is kept. None: it cannot be had.
pub fn python(name: &str, requirements: &Path) -> Option<PathBuf> {
    let kept = kept(name);
    let python = kept.join("bin/python");
    once(&kept, requirements, || {
        prepared(Command::new("python3").args(["-m", "venv"]).arg(&kept))?;
        prepared(Command::new(&python).args(["-m", "pip", "install", "--quiet", "--requirement"]).arg(requirements))
    })?;
    Some(python)
}

/// A directory in which Node finds what the `package.json` of `sources` names, with these files of it beside. None: it
/// cannot be had.
pub fn node(name: &str, sources: &Path, files: &[&str]) -> Option<PathBuf> {
    let kept = kept(name);
    let manifest = sources.join("package.json");
    once(&kept, &manifest, || {
        fs::copy(&manifest, kept.join("package.json")).expect("target/ is writable");
        prepared(Command::new("node").arg("--version"))?;
        prepared(
            Command::new("npm").args(["install", "--no-audit", "--no-fund", "--ignore-scripts"]).current_dir(&kept),
        )
    })?;
    // Node looks for packages beside the program. Whole files at once: another test may be starting the same program.
    for file in files {
        let coming = kept.join(format!("{file}.{}", std::process::id()));
        fs::copy(sources.join(file), &coming).expect("the file is there and target/ is writable");
        fs::rename(coming, kept.join(file)).expect("target/ is writable");
    }
    Some(kept)
}

/// Where the programs of a workspace of its own are once they are built, with the packages of its lock file. None: the packages
/// cannot be had.
///
/// # Panics
/// They can be had, and it does not compile.
#[allow(dead_code, reason = "every test file has a copy of this module, and only one wants it")]
pub fn rust(name: &str, workspace: &Path) -> Option<PathBuf> {
    let target = kept(name).join("target");
    let cargo = |verb: &str| {
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
        cargo.args([verb, "--quiet", "--locked", "--manifest-path"]).arg(workspace.join("Cargo.toml"));
        cargo
    };
    once(&kept(name), &workspace.join("Cargo.lock"), || prepared(&mut cargo("fetch")))?;
    let built = cargo("build").args(["--offline", "--target-dir"]).arg(&target).output().expect("it could fetch");
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    Some(target.join("debug"))
}

/// Where packages are kept from one run of the tests to the next.
pub fn kept(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("clients").join(name)
}

/// Runs a preparation. None, having said why: it cannot be done here.
fn prepared(command: &mut Command) -> Option<()> {
    let why = match command.stdin(Stdio::null()).output() {
        Ok(output) if output.status.success() => return Some(()),
        Ok(output) => String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        Err(error) => error.to_string(),
    };
    println!("skipped: {command:?}: {why}");
    None
}

/// Does `prepare` once for each version of `manifest`, whichever of several tests comes first.
fn once(kept: &Path, manifest: &Path, prepare: impl FnOnce() -> Option<()>) -> Option<()> {
    let wanted = fs::read(manifest).expect("a program says what it needs");
    fs::create_dir_all(kept).expect("target/ is writable");
    let lock = File::create(kept.join("lock")).expect("target/ is writable");
    lock.lock().expect("no other lock is held");
    let done = kept.join("prepared");
    if fs::read(&done).is_ok_and(|done| done == wanted) {
        return Some(());
    }
    prepare()?;
    fs::write(done, wanted).expect("target/ is writable");
    Some(())
}
