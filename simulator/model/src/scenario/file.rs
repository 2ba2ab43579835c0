//! The scenario file, read.
//!
//! Three passes: TOML itself, then each table against its declared keys ([`super::keys`]), then what the keys say against
//! each other. Every problem that can be told from the others is reported, each at its key or value. What makes no sense
//! never becomes a [`Scenario`]; whoever has one need not check it again.

use toml::de::DeTable;

use super::keys;
use super::{Bucket, Expect, ExpectedVerdict, FORMAT, Limits, ObjectLock, OperatorTable, Promises, Scenario};
use super::{Severity, Tenant, WorldParameters};
use crate::time::{Span, Time};
use block::{Block, unknown};
use problem::nearest;

mod block;
mod bucket_name;
mod calls;
mod problem;
mod steps;

#[cfg(test)]
mod tests;

pub use bucket_name::is_bucket_name;
pub use problem::{FileError, Problem};

/// Reads a scenario. `name` is the file's stem, the scenario's name unless the file says otherwise.
///
/// # Errors
/// All that is wrong with it, each at its place.
pub fn parse(name: &str, source: &str) -> Result<Scenario, FileError> {
    let (document, errors) = DeTable::parse_recoverable(source);
    let mut problems: Vec<Problem> = errors.iter().map(|error| syntax(source, error)).collect();
    // Behind a syntax error, what is read is guesswork; a key that stands twice is no such error.
    let readable = errors.iter().all(is_duplicate);
    let root = Block::new(&keys::TOP, document.get_ref(), 0..0);
    let format = readable.then(|| format_problem(&root)).flatten();
    if let Some(problem) = format {
        problems = vec![problem];
    } else if readable {
        block::check(&mut problems, &root);
        let mut reader = Reader::new(&root, problems);
        let scenario = reader.scenario(name, &root);
        if reader.problems.is_empty() {
            return Ok(scenario);
        }
        problems = reader.problems;
    }
    Err(FileError::new(&format!("{name}.toml"), source, problems))
}

fn is_duplicate(error: &toml::de::Error) -> bool {
    error.message().contains("duplicate key")
}

fn syntax(source: &str, error: &toml::de::Error) -> Problem {
    let at = error.span().unwrap_or(source.len()..source.len());
    if is_duplicate(error) {
        let key = source.get(at.clone()).unwrap_or_default();
        let help = "take one out; a second table of a kind is written with two brackets: [[call]]";
        return Problem::new(at, format!("`{key}` stands here a second time")).help(help);
    }
    let ends = at.start >= source.trim_end().len();
    let help =
        if ends { "the file ends here: is it cut off?" } else { "see https://toml.io for how values are written" };
    Problem::new(at, format!("this is no TOML: {}", error.message())).help(help)
}

/// A file of another format is not read further: every message would be beside the point.
fn format_problem(root: &Block<'_>) -> Option<Problem> {
    let at = root.place_of("format");
    let help = format!("write format = {FORMAT} at the top of the file");
    if !root.has("format") {
        return Some(Problem::new(at, "the file does not say its `format`").help(help));
    }
    match root.entries.get("format").and_then(|value| value.get_ref().as_integer()).map(|value| value.as_str().parse())
    {
        Some(Ok(format @ 0u64..)) if format > FORMAT => {
            let message = format!("the file has format {format}; this egress-sim reads formats up to {FORMAT}");
            Some(Problem::new(at, message).help("run it with a newer egress-sim"))
        }
        _ => None,
    }
}

/// What a second look at the file needs to know of all of it.
struct Reader<'d> {
    problems: Vec<Problem>,
    /// Names of tenants.
    tenants: Vec<&'d str>,
    /// Names of buckets, from their tables and from tenants.
    buckets: Vec<&'d str>,
    start: Time,
    horizon: Span,
}

impl<'d> Reader<'d> {
    fn new(root: &Block<'d>, problems: Vec<Problem>) -> Reader<'d> {
        let tenants = root.tables("tenant");
        let mut buckets: Vec<&str> =
            root.tables("bucket").iter().filter_map(|block| block.given_text("name")).collect();
        buckets.extend(
            tenants.iter().flat_map(|block| block.given_texts("buckets").unwrap_or_default()).map(|(name, _)| name),
        );
        buckets.sort_unstable();
        buckets.dedup();
        let world = root.table("world");
        Reader {
            problems,
            tenants: tenants.iter().filter_map(|block| block.given_text("name")).collect(),
            buckets,
            start: world.moment("start"),
            horizon: world.span("horizon"),
        }
    }

    fn scenario(&mut self, name: &str, root: &Block<'d>) -> Scenario {
        let scenario = Scenario {
            name: root.given_text("name").unwrap_or(name).into(),
            title: root.text("title"),
            severity: root.word(
                "severity",
                &[Severity::Low, Severity::Medium, Severity::High, Severity::Critical],
                Severity::name,
            ),
            seed: root.integer("seed"),
            question: root.text("question"),
            expected: root.text("expected"),
            world: self.world(&root.table("world")),
            limits: limits(&root.table("limits")),
            promises: promises(&root.table("promises")),
            operator: operator(&root.table("operator")),
            tenants: root.tables("tenant").iter().map(|block| self.tenant(block)).collect(),
            buckets: root.tables("bucket").iter().map(|block| self.bucket(block, root)).collect(),
            calls: self.calls(&root.tables("call")),
            commands: root.tables("command").iter().map(|block| self.command(block)).collect(),
            faults: root.tables("fault").iter().filter_map(|block| self.fault(block)).collect(),
            expects: root.tables("expect").iter().map(|block| self.expect(block)).collect(),
            found: root.free("found"),
        };
        for table in ["tenant", "bucket"] {
            self.each_once(&root.tables(table), "name", table);
        }
        self.each_once(&root.tables("expect"), "operator", "expectation for operator");
        self.steps(root);
        self.roll_backs(root);
        scenario
    }

    fn world(&mut self, block: &Block<'d>) -> WorldParameters {
        let world = WorldParameters {
            start: self.start,
            horizon: self.horizon,
            settle: block.span("settle"),
            webhook_events: block.has("webhook_events").then(|| block.texts("webhook_events")),
            webhook_attempts: block.small("webhook_attempts"),
            webhook_queue_depth: block.small("webhook_queue_depth"),
            webhook_queue_age: block.span("webhook_queue_age"),
            token_life: block.span("token_life"),
            info_retention: block.span("info_retention"),
            egress_start: block.span("egress_start"),
            egress_capacity: block.small("egress_capacity"),
            file_output_max_duration: block.span("file_output_max_duration"),
            stream_output_max_duration: block.span("stream_output_max_duration"),
            segment_output_max_duration: block.span("segment_output_max_duration"),
            image_output_max_duration: block.span("image_output_max_duration"),
            upload_bytes_per_second: block.integer("upload_bytes_per_second"),
            media_bytes_per_second: block.integer("media_bytes_per_second"),
            livekit_latency: block.span("livekit_latency"),
            s3_latency: block.span("s3_latency"),
            list_page: block.small("list_page"),
            lifecycle_day: block.span("lifecycle_day"),
            error_prefix: block.boolean("error_prefix"),
            backup_bucket: self.known_bucket(block, "backup_bucket"),
        };
        self.on_the_clock(block, "horizon", &[self.horizon]);
        world
    }

    /// The clock ends in 2554: offsets that lead beyond it would all mean the same moment.
    fn on_the_clock(&mut self, block: &Block<'d>, key: &str, offsets: &[Span]) -> bool {
        let end = offsets.iter().map(|offset| u128::from(offset.0)).sum::<u128>() + u128::from(self.start.0);
        let fits = end <= u128::from(u64::MAX);
        if !fits && block.has(key) {
            let message = format!("`{key}` leads beyond the year 2554, where the clock ends");
            self.problems.push(Problem::new(block.place_of(key), message).help("write a shorter duration"));
        }
        fits
    }

    /// An offset from the start that lies behind the run's end says nothing.
    fn within_horizon(&mut self, block: &Block<'d>, key: &str, offset: Span, what: &str) {
        if offset >= self.horizon {
            let message = format!("{what} {offset} after the start, but the run ends at {} already", self.horizon);
            let help = format!("write a smaller `{key}`, or a longer `horizon` below [world]");
            self.problems.push(Problem::new(block.place_of(key), message).help(help));
        }
    }

    fn tenant(&mut self, block: &Block<'d>) -> Tenant {
        if let Some(name) = block.given_text("name")
            && name.contains(['{', '}', '/'])
        {
            let message = format!("a tenant cannot be called \"{name}\"");
            let help = "braces are for templates, slashes for keys: use letters, digits and hyphens";
            self.problems.push(Problem::new(block.place_of("name"), message).help(help));
        }
        for (bucket, at) in block.given_texts("buckets").unwrap_or_default() {
            self.problems.extend(bucket_name::problem(bucket, at));
        }
        if let Some(cdn) = block.given_text("cdn")
            && (cdn.contains("://") || cdn.contains('/') || cdn.contains(char::is_whitespace))
        {
            let message = format!("\"{cdn}\" is no host name");
            let help = "write the host alone, such as \"cdn.acme.example\"";
            self.problems.push(Problem::new(block.place_of("cdn"), message).help(help));
        }
        if let (Some(kept), Some(at_most)) = (block.given_span("retention"), block.given_span("retention_max"))
            && at_most < kept
        {
            let message = format!("`retention_max` is {at_most}, shorter than the `retention` of {kept}");
            let problem = Problem::new(block.place_of("retention_max"), message);
            let help =
                "recordings must be kept for `retention` and no longer than `retention_max`: make it at least as long";
            self.problems.push(problem.also(block.place_of("retention"), "kept so long").help(help));
        }
        let delete_within = block.span("delete_within");
        let contract_end = block.given_span("contract_end");
        if let Some(end) = contract_end
            && self.on_the_clock(block, "contract_end", &[end])
        {
            self.on_the_clock(block, "delete_within", &[end, delete_within]);
        }
        Tenant {
            name: block.text("name"),
            buckets: block.texts("buckets"),
            cdn: block.given_text("cdn").map(Into::into),
            retention: block.given_span("retention"),
            retention_max: block.given_span("retention_max"),
            delete_within,
            contract_end,
        }
    }

    fn bucket(&mut self, block: &Block<'d>, root: &Block<'d>) -> Bucket {
        let name = block.text("name");
        if block.given_text("name").is_some() {
            self.problems.extend(bucket_name::problem(&name, block.place_of("name")));
            self.misspelt_bucket(block, &name, root);
        }
        let object_lock = block.word(
            "object_lock",
            &[ObjectLock::None, ObjectLock::Governance, ObjectLock::Compliance],
            ObjectLock::name,
        );
        let lock_for = block.given_span("lock_for");
        if lock_for.is_some() && object_lock == ObjectLock::None && !block.has("object_lock") {
            let problem = Problem::new(block.place_of("lock_for"), "`lock_for` without an `object_lock` locks nothing");
            self.problems.push(problem.help("add object_lock = \"governance\" or \"compliance\""));
        }
        Bucket {
            name,
            region: block.text("region"),
            versioning: block.boolean("versioning"),
            object_lock,
            lock_for,
            public: block.boolean("public"),
        }
    }

    /// A reference to a bucket of the file.
    pub(super) fn known_bucket(&mut self, block: &Block<'d>, key: &str) -> Option<String> {
        let name = block.given_text(key)?;
        if !self.buckets.contains(&name) {
            self.problems.push(unknown(block.place_of(key), "bucket", name, &self.buckets, "buckets"));
        }
        Some(name.into())
    }

    /// A bucket that no tenant has may be meant; one with nearly the name of a tenant's bucket without a table is a typo.
    fn misspelt_bucket(&mut self, block: &Block<'d>, name: &str, root: &Block<'d>) {
        let of_tenants: Vec<&str> = (root.tables("tenant").iter())
            .flat_map(|tenant| tenant.given_texts("buckets").unwrap_or_default())
            .map(|(bucket, _)| bucket)
            .collect();
        let is_backup = root.table("world").given_text("backup_bucket") == Some(name);
        if of_tenants.contains(&name) || is_backup {
            return;
        }
        let tables = root.tables("bucket");
        let without_table = (of_tenants.into_iter())
            .filter(|bucket| !tables.iter().any(|table| table.given_text("name") == Some(bucket)));
        if let Some(meant) = nearest(name, without_table) {
            let message = format!("no tenant has the bucket \"{name}\"");
            self.problems
                .push(Problem::new(block.place_of("name"), message).help(format!("did you mean \"{meant}\"?")));
        }
    }

    fn expect(&mut self, block: &Block<'d>) -> Expect {
        let verdict = block.word(
            "verdict",
            &[ExpectedVerdict::Pass, ExpectedVerdict::Violates, ExpectedVerdict::Inconclusive],
            ExpectedVerdict::name,
        );
        let violates = block.given_texts("violates").unwrap_or_default();
        for (id, at) in &violates {
            let custom = id.strip_prefix("custom.").is_some_and(|name| !name.is_empty());
            if !custom && !keys::PROPERTIES.contains(id) {
                let problem = unknown(at.clone(), "property", id, keys::PROPERTIES, "properties");
                self.problems.push(problem);
            }
        }
        if verdict == ExpectedVerdict::Pass && !violates.is_empty() {
            let problem = Problem::new(block.place_of("violates"), "an operator that passes violates nothing");
            self.problems.push(problem.help("write verdict = \"violates\", or take `violates` out"));
        }
        let counts = block.table("counts");
        let counts = keys::COUNTS
            .keys
            .iter()
            .filter_map(|key| Some((key.name.into(), counts.given_integer(key.name)?)))
            .collect();
        Expect { operator: block.text("operator"), verdict, violates: block.texts("violates"), counts }
    }

    /// No two tables with the same value of a key.
    fn each_once(&mut self, blocks: &[Block<'d>], key: &str, what: &str) {
        let mut seen: Vec<(String, &Block<'d>)> = Vec::new();
        for block in blocks {
            let name = block.text(key);
            match seen.iter().find(|(earlier, _)| *earlier == name && !name.is_empty()) {
                Some((_, first)) => {
                    let problem = Problem::new(block.place_of(key), format!("a second {what} \"{name}\""));
                    let help = "take one out, or give it a name of its own";
                    self.problems.push(problem.also(first.place_of(key), "first here").help(help));
                }
                None => seen.push((name, block)),
            }
        }
    }

    /// A reference to a tenant of the file.
    fn known_tenant(&mut self, block: &Block<'d>) {
        if let Some(name) = block.given_text("tenant")
            && !self.tenants.contains(&name)
        {
            self.problems.push(unknown(block.place_of("tenant"), "tenant", name, &self.tenants, "tenants"));
        }
    }
}

fn limits(block: &Block<'_>) -> Limits {
    Limits {
        fuel: block.integer("fuel"),
        memory_bytes: block.integer("memory_bytes"),
        table_elements: block.integer("table_elements"),
        stack_bytes: block.integer("stack_bytes"),
        host_payload_bytes: block.integer("host_payload_bytes"),
        calls_per_delivery: block.integer("calls_per_delivery"),
        calls_per_run: block.integer("calls_per_run"),
        payload_bytes_per_run: block.integer("payload_bytes_per_run"),
        timers: block.integer("timers"),
    }
}

fn promises(block: &Block<'_>) -> Promises {
    Promises {
        gap: block.span("gap"),
        stop_grace: block.span("stop_grace"),
        startup: block.span("startup"),
        prompt: block.span("prompt"),
        inventory_grace: block.span("inventory_grace"),
        converge: block.span("converge"),
    }
}

fn operator(block: &Block<'_>) -> OperatorTable {
    OperatorTable {
        use_: block.text("use"),
        older: block.given_text("older").map(Into::into),
        instances: block.small("instances"),
        restart: block.span("restart"),
        config: block.free("config"),
    }
}
