//! `egress-sim serve`, started for one test and ended with it.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

/// A server that listens at three addresses of its own.
#[derive(Debug)]
pub struct Served {
    pub process: Child,
    /// `127.0.0.1:PORT` of LiveKit's API.
    pub livekit: String,
    /// Of S3.
    pub s3: String,
    /// Of the control API.
    pub control: String,
}

impl Served {
    /// Starts it and waits until it listens.
    pub fn start(more: &[&str]) -> Served {
        let mut process = command().args(more).stdout(Stdio::piped()).spawn().expect("the binary starts");
        let mut told = BufReader::new(process.stdout.take().expect("stdout is a pipe")).lines();
        let [livekit, s3, control] = ["LiveKit API", "S3", "control API"].map(|name| {
            let line = told.next().expect("it tells where it listens").expect("UTF-8");
            assert!(line.starts_with(name), "{line}");
            let address = line.split_whitespace().find_map(|word| word.strip_prefix("http://"));
            address.unwrap_or_else(|| panic!("no address in {line}")).to_owned()
        });
        Served { process, livekit, s3, control }
    }

    /// Starts it with a test server for SDKs besides, and says where the first region of that is.
    #[allow(dead_code, reason = "every test file has a copy of this module, and only one wants it")]
    pub fn start_test_server(regions: &str) -> (Served, String) {
        let mut process =
            command().args(["--test-server", regions]).stdout(Stdio::piped()).spawn().expect("the binary starts");
        let told = BufReader::new(process.stdout.take().expect("stdout is a pipe")).lines();
        let mut addresses = told.take(4).map(|line| {
            let line = line.expect("UTF-8");
            line.split_whitespace().find_map(|word| word.strip_prefix("http://")).expect("an address").to_owned()
        });
        let mut next = || addresses.next().expect("it tells where it listens");
        let served = Served { process, livekit: next(), s3: next(), control: next() };
        (served, next())
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// `egress-sim serve` at ports that are free.
pub fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_egress-sim"));
    command.args(["serve", "--livekit", "127.0.0.1:0", "--s3", "127.0.0.1:0", "--console", "127.0.0.1:0"]);
    command.stdin(Stdio::null());
    command
}
