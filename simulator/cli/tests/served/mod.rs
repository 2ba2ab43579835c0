//! `egress-sim serve`, started for one test and ended with it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
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

    /// Status and body of what the control API says.
    pub fn control(&self, method: &str, path: &str, body: &str) -> (u16, String) {
        request(&self.control, method, path, "application/json", body.as_bytes())
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

/// One request over a connection of its own: status and body.
pub fn request(address: &str, method: &str, path: &str, content_type: &str, body: &[u8]) -> (u16, String) {
    let mut stream = TcpStream::connect(address).expect("it listens");
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Type: {content_type}\r\n\
         Content-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).expect("it reads");
    // It may have refused already what it has only begun to read.
    let _ = stream.write_all(body);
    let mut answer = String::new();
    let read = stream.read_to_string(&mut answer);
    let (head, body) =
        answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer from {address}{path}: {read:?}"));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    (status.unwrap_or_else(|| panic!("no status in {head}")), body.to_owned())
}
