//! What can be written on the command line.

#![expect(clippy::doc_markdown, reason = "these comments are the help texts")]

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use egress_sim_model::sweep::CrashPoint;

/// Tests LiveKit egress operators against a fake LiveKit and a fake S3 on one virtual clock.
#[derive(Debug, Parser)]
#[command(name = "egress-sim", version, max_term_width = 110)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run scenarios and say which promises held
    Run(Run),
    /// Explain a promise, a fault, the faults of a surface or an exit code; without an ID, list them all
    Explain {
        /// Such as playlist.final, s3.batch_partial, webhook or 2
        id: Option<String>,
    },
    /// List the built-in operators, each line beginning with the OP to pass
    Operators,
    /// Print the JSON Schema of scenario files, or of campaign files
    Schema {
        /// Of which files
        #[arg(value_enum, default_value_t = SchemaOf::Scenario)]
        of: SchemaOf,
    },
    /// What --check-determinism asks a fresh process for
    #[command(hide = true)]
    Replay(Replay),
    /// Search for scenarios that break a promise, and make what is found as small as it gets
    Fuzz(Fuzz),
    /// Make a scenario that breaks a promise as small as it gets
    Reduce(Reduce),
    /// Put the results of several machines together
    Merge(Merge),
    /// Move a found scenario to the regressions that every search replays first
    Promote(Promote),
    /// Serve the fake LiveKit and the fake S3 on real sockets
    Serve(Serve),
    /// Make a scenario of an incident, from captured webhooks and listings of the buckets
    Import(Import),
}

/// `run`
#[derive(Debug, Args)]
pub struct Run {
    /// Scenario files, or directories with *.toml files below them
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,

    /// Which operator to run, instead of the one that the scenario names: builtin:reference, builtin:broken/NAME,
    /// native:NAME, the path of a WebAssembly component or module, or http://…, where a running service takes webhooks
    #[arg(long, value_name = "OP")]
    pub operator: Option<String>,

    /// How to report
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub format: Format,

    /// Write the report there instead of to stdout
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// Write every record of the run there, one JSON object a line; for one scenario
    #[arg(long, value_name = "FILE")]
    pub trace: Option<PathBuf>,

    /// (not built yet) Write a page with the timeline there
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,

    /// Run everything twice here and once in a fresh process with another environment, compare, and show the first record
    /// that differs
    #[arg(long)]
    pub check_determinism: bool,

    /// Run each scenario again and again, with a crash of the operator at each of its calls, and report the first that it
    /// does not get over: that leaves another settled state, or breaks a promise
    #[arg(long, value_enum, value_name = "OF")]
    pub sweep: Option<SweepOf>,

    /// Let the operator's process die at its call number N, before the call's effect or after it: what --sweep crashes
    /// found, once more
    #[arg(long, value_name = "N[:after]", conflicts_with = "sweep")]
    pub crash_at: Option<CrashPoint>,

    /// Also list every promise with how often it was put to the test
    #[arg(long, short)]
    pub verbose: bool,

    /// How a running service is driven
    #[command(flatten)]
    pub sockets: Sockets,
}

/// What `run` wants to know of a service that runs by itself.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "With a running service, --operator http://…")]
pub struct Sockets {
    /// Start the service with this command for each scenario and stop it afterwards; faults may then kill it, too. Port 0 in
    /// --operator is any free one, and PORT says which
    #[arg(long, value_name = "CMD", requires = "operator")]
    pub exec: Option<String>,

    /// Where LiveKit's API listens [default: 127.0.0.1:7880]
    #[arg(long, value_name = "ADDR", requires = "operator")]
    pub livekit: Option<SocketAddr>,

    /// Where S3 listens [default: 127.0.0.1:9000]
    #[arg(long, value_name = "ADDR", requires = "operator")]
    pub s3: Option<SocketAddr>,

    /// Where the control API listens, evidence ports and all [default: 127.0.0.1:7979]
    #[arg(long, value_name = "ADDR", requires = "operator")]
    pub console: Option<SocketAddr>,

    /// Keep bodies of more than 4 MiB in files below this directory instead of in memory
    #[arg(long, value_name = "DIR", requires = "operator")]
    pub s3_dir: Option<PathBuf>,

    /// How long nothing must have come in before time goes on; 0s for a service that answers when it is done [default: 2ms]
    #[arg(long, value_name = "DUR", requires = "operator")]
    pub quiet: Option<String>,

    /// Post to this path of the service so often, in world time: what its own cron would start, whose clock cannot be moved.
    /// May be given several times
    #[arg(long, value_name = "EVERY=PATH", requires = "operator")]
    pub wake_up: Vec<String>,

    /// How long the service may take, by the wall clock, to listen, to answer, or to end a lease [default: 30s]
    #[arg(long, value_name = "DUR", requires = "operator")]
    pub patience: Option<String>,

    /// How long one scenario may take, by the wall clock [default: 15m]
    #[arg(long, value_name = "DUR", requires = "operator")]
    pub time_limit: Option<String>,
}

/// `replay`
#[derive(Debug, Args)]
pub struct Replay {
    /// Scenario files
    #[arg(required = true, value_name = "FILE")]
    pub paths: Vec<PathBuf>,

    /// Which operator to run
    #[arg(long, value_name = "OP")]
    pub operator: String,

    /// As for `run`
    #[arg(long, value_name = "N[:after]")]
    pub crash_at: Option<CrashPoint>,

    /// Also print the records from this one on, up to the next checkpoint
    #[arg(long, value_name = "FROM")]
    pub records: Option<u64>,
}

/// `--sweep`
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SweepOf {
    /// A crash at each call of the operator, before its effect and after it
    Crashes,
}

/// `fuzz`
#[derive(Debug, Args)]
pub struct Fuzz {
    /// Which operator to test, as for `run`
    #[arg(long, value_name = "OP", default_value = "builtin:reference")]
    pub operator: String,

    /// A second operator, such as the version that runs today: what only one of the two breaks, or settles otherwise, is
    /// a finding, and nothing else is
    #[arg(long, value_name = "OP")]
    pub against: Option<String>,

    /// What worlds to make and how hostile; without it, the default campaign
    #[arg(long, value_name = "FILE")]
    pub campaign: Option<PathBuf>,

    /// How many cases, instead of the campaign's number
    #[arg(long, value_name = "N", conflicts_with = "time")]
    pub cases: Option<u64>,

    /// For how long, such as 90s or 1h30m
    #[arg(long, value_name = "DUR")]
    pub time: Option<String>,

    /// Other cases of the same campaign
    #[arg(long, value_name = "S", default_value_t = 0)]
    pub seed: u64,

    /// Threads; without it, one for each core
    #[arg(long, value_name = "N")]
    pub jobs: Option<usize>,

    /// Part K of N of the cases, K from 1; without it JOB_COMPLETION_INDEX and EGRESS_SIM_SHARDS, where both are set
    #[arg(long, value_name = "K/N")]
    pub shard: Option<String>,

    /// Where found scenarios go
    #[arg(long, value_name = "DIR", default_value = "found")]
    pub found: PathBuf,

    /// Scenarios that are replayed before anything random, beside those of --found
    #[arg(long, value_name = "DIR", default_value = "scenarios/regressions")]
    pub regressions: PathBuf,

    /// How to report
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub format: Format,

    /// Write the report there instead of to stdout
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// `reduce`
#[derive(Debug, Args)]
pub struct Reduce {
    /// A scenario that breaks a promise
    #[arg(value_name = "FILE")]
    pub file: PathBuf,

    /// Which operator breaks it, instead of the one that the scenario names
    #[arg(long, value_name = "OP")]
    pub operator: Option<String>,

    /// Where the smaller scenario goes; without it, stdout
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// The promise to keep broken; without it, the one that breaks first
    #[arg(long, value_name = "ID")]
    pub property: Option<String>,
}

/// `merge`
#[derive(Debug, Args)]
pub struct Merge {
    /// What `fuzz --format json` wrote
    #[arg(required = true, value_name = "RESULT")]
    pub results: Vec<PathBuf>,

    /// How to report
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub format: Format,

    /// Write the report there instead of to stdout
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// Where the found scenarios of all parts go
    #[arg(long, value_name = "DIR")]
    pub found: Option<PathBuf>,
}

/// `import`
#[derive(Debug, Args)]
pub struct Import {
    /// Captured webhooks, in order of arrival: a JSON object a line, each the body as LiveKit sent it, or an object with it
    /// as `body` and with `received_at`
    #[arg(long, value_name = "LOG.jsonl")]
    pub webhooks: PathBuf,

    /// What `aws s3api list-object-versions --bucket BUCKET` printed; once for each bucket. list-objects-v2 does too, but
    /// does not tell whether the bucket is versioned
    #[arg(long, value_name = "[BUCKET=]FILE")]
    pub objects: Vec<String>,

    /// Where the scenario goes; without it, stdout
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// Pass over lines that hold no webhook
    #[arg(long)]
    pub skip_bad_lines: bool,

    /// Call rooms, participants, tenants and buckets room-1, person-1 and so on; stderr still has their names
    #[arg(long)]
    pub anonymise: bool,
}

/// `promote`
#[derive(Debug, Args)]
pub struct Promote {
    /// Found scenarios
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,

    /// Where regressions are kept
    #[arg(long, value_name = "DIR", default_value = "scenarios/regressions")]
    pub to: PathBuf,
}

/// `serve`
#[derive(Debug, Args)]
pub struct Serve {
    /// Where LiveKit's API listens
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:7880")]
    pub livekit: SocketAddr,

    /// Where S3 listens
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:9000")]
    pub s3: SocketAddr,

    /// Where the control API listens
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:7979")]
    pub console: SocketAddr,

    /// A world to begin with: its tenants, buckets, calls, commands and faults; without it, tenant "default" with bucket
    /// "recordings", and the time is now
    #[arg(long, value_name = "FILE")]
    pub scenario: Option<PathBuf>,

    /// Also answer as LiveKit's test server for SDKs does, without any world, a region at each address; without addresses, where
    /// SDKs look for it: 127.0.0.1:9999 and three more regions at ports 10000 to 10002
    #[arg(
        long,
        value_name = "ADDR,...",
        num_args = 0..=1,
        value_delimiter = ',',
        default_missing_value = "127.0.0.1:9999,127.0.0.1:10000,127.0.0.1:10001,127.0.0.1:10002"
    )]
    pub test_server: Vec<SocketAddr>,

    /// Where webhooks go; commands go to /commands on the same origin. May be given several times
    #[arg(long, value_name = "URL")]
    pub webhook: Vec<String>,

    /// Keep bodies of more than 4 MiB in files below this directory instead of in memory; they go when their versions go, and
    /// at the end
    #[arg(long, value_name = "DIR")]
    pub s3_dir: Option<PathBuf>,

    /// How time goes: real, a factor such as 60x, manual (moved by the control API), or auto (jumps to the next event
    /// whenever nothing is under way)
    #[arg(long, value_name = "CLOCK", default_value = "real")]
    pub clock: String,

    /// How long nothing must have come in before the clock `auto` jumps
    #[arg(long, value_name = "DUR", default_value = "2ms")]
    pub quiet: String,

    /// LiveKit's API key
    #[arg(long, value_name = "K", default_value = "devkey")]
    pub api_key: String,

    /// Its secret
    #[arg(long, value_name = "S", default_value = "secret")]
    pub api_secret: String,
}

/// `--format`
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    Human,
    /// One document
    Json,
    /// JUnit's XML, which CI servers show test by test
    Junit,
}

/// Of which files
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SchemaOf {
    /// What `run` takes
    Scenario,
    /// What `fuzz --campaign` takes
    Campaign,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definitions_are_sound() {
        <Arguments as clap::CommandFactory>::command().debug_assert();
    }
}
