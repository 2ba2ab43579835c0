//! Compiles the built-in operators for wasm32-unknown-unknown with a cargo of its own, so that a plain `cargo build`
//! leaves a complete binary.
//!
//! The inner cargo has its own target directory, because the outer one holds the lock of its own. What it builds is small:
//! SDK, operators and serde. It needs no network beyond what the outer build has already fetched.

#![expect(clippy::disallowed_methods, reason = "the rule is for operators; cargo talks to build scripts in variables")]

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

const TARGET: &str = "wasm32-unknown-unknown";
/// The stack in linear memory. The operators need a tenth of it; one that recurses for ever must come to the end of
/// `[limits].stack_bytes` first, because what lies behind this one's end is a fault that says nothing of a stack.
const STACK_BYTES: u32 = 192 << 10;
const PACKAGES: [&str; 2] = ["egress-sim-operators", "egress-sim-probe"];

fn main() -> ExitCode {
    match build() {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentence) => {
            println!("cargo::error={sentence}");
            ExitCode::FAILURE
        }
    }
}

fn build() -> Result<(), String> {
    let guest_sdk = PathBuf::from(variable("CARGO_MANIFEST_DIR")?).join("..");
    let workspace = guest_sdk.join("..").canonicalize().map_err(|error| format!("the workspace is gone: {error}"))?;
    for input in ["wit", "sdk", "operators", "probe", "../Cargo.toml", "../Cargo.lock"] {
        println!("cargo::rerun-if-changed={}", guest_sdk.join(input).display());
    }
    require_target()?;

    let out = PathBuf::from(variable("OUT_DIR")?);
    let target_dir = out.join("target");
    let mut cargo = Command::new(variable("CARGO")?);
    clean_environment(&mut cargo);
    cargo
        .env("CARGO_ENCODED_RUSTFLAGS", flags(&workspace))
        // One small module: it is compiled again by wasmtime, on the user's time.
        .env("CARGO_PROFILE_RELEASE_LTO", "fat")
        .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "1")
        .args(["build", "--release", "--locked", "--lib", "--target", TARGET, "--manifest-path"])
        .arg(workspace.join("Cargo.toml"))
        .arg("--target-dir")
        .arg(&target_dir);
    for package in PACKAGES {
        cargo.args(["--package", package]);
    }
    let status = cargo.status().map_err(|error| format!("cargo cannot be started: {error}"))?;
    if !status.success() {
        return Err(
            "the built-in operators do not compile for wasm32-unknown-unknown; the compiler's own words are above"
                .into(),
        );
    }
    for package in PACKAGES {
        let file = format!("{}.wasm", package.replace('-', "_"));
        let built = target_dir.join(TARGET).join("release").join(&file);
        std::fs::copy(&built, out.join(&file)).map_err(|error| format!("{} is not there: {error}", built.display()))?;
    }
    Ok(())
}

/// Without the target, cargo says `can't find crate for core`, a hundred times.
fn require_target() -> Result<(), String> {
    let libraries = Command::new(variable("RUSTC")?)
        .args(["--print", "target-libdir", "--target", TARGET])
        .output()
        .map_err(|error| format!("rustc cannot be started: {error}"))?;
    let path = String::from_utf8_lossy(&libraries.stdout);
    if libraries.status.success() && Path::new(path.trim()).is_dir() {
        Ok(())
    } else {
        Err("the built-in operators are WebAssembly, and this toolchain has no target for it: run `rustup target add \
             wasm32-unknown-unknown` (or `make build`, which does)"
            .into())
    }
}

/// What the outer cargo set for this script and its own compilers is not for the inner one: flags, wrappers, clippy, the
/// profile. Where cargo lives and how it reaches registries stays.
fn clean_environment(cargo: &mut Command) {
    const KEPT: [&str; 6] =
        ["CARGO_HOME", "CARGO_MAKEFLAGS", "CARGO_NET_", "CARGO_HTTP_", "CARGO_REGISTRIES_", "CARGO_REGISTRY_"];
    for (name, _) in env::vars_os() {
        let Some(name) = name.to_str() else { continue };
        let of_cargo = name.starts_with("CARGO_") || name.starts_with("RUSTC") || name == "RUSTFLAGS";
        let of_script = ["OUT_DIR", "TARGET", "HOST", "NUM_JOBS", "OPT_LEVEL", "PROFILE", "DEBUG"].contains(&name);
        if (of_cargo || of_script) && !KEPT.iter().any(|kept| name.starts_with(kept)) {
            cargo.env_remove(name);
        }
    }
}

/// Paths of this machine do not get into the module: the same source gives the same digest anywhere.
fn flags(workspace: &Path) -> String {
    let mut flags = vec![format!("--remap-path-prefix={}=.", workspace.display())];
    // rustc's default of 1 MiB lies before data and heap, and parts them from the memory that the sandbox keeps mapped.
    flags.push(format!("-Clink-arg=-zstack-size={STACK_BYTES}"));
    let home = env::var_os("CARGO_HOME").map(PathBuf::from).or_else(|| env::home_dir().map(|home| home.join(".cargo")));
    if let Some(home) = home {
        flags.push(format!("--remap-path-prefix={}=cargo", home.display()));
    }
    flags.join("\u{1f}")
}

fn variable(name: &str) -> Result<String, String> {
    env::var(name).map_err(|_| format!("{name} is not set, which cargo sets for build scripts"))
}
