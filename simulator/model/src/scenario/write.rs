//! The scenario file, written: one text for each scenario.
//!
//! Keys and tables stand in the order of [`super::keys`], one blank line between blocks, durations are canonical and
//! defaults are left out, so that two files of one scenario differ in nothing. The name is always written, because
//! the writer does not know what the file will be called; `on` of a fault is, because its default depends on the kind.

use std::fmt::Write as _;

use toml::Value;

use super::keys::{self, Fallback, Table, parameter_key};
use super::{Call, Command, Participant, Scenario, When};
use crate::fault::{self, Anchor, Fault, Filter};
use crate::time::{Span, Time};

/// The canonical file of a scenario.
pub fn write(scenario: &Scenario) -> String {
    let mut file = String::new();
    top(scenario).into_file(&mut file, "");
    world(scenario).into_file_unless_empty(&mut file);
    limits(scenario).into_file_unless_empty(&mut file);
    promises(scenario).into_file_unless_empty(&mut file);
    operator(scenario).into_file_unless_empty(&mut file);
    free(&mut file, &["operator", "config"], &scenario.operator.config);
    for tenant in &scenario.tenants {
        let mut block = Lines::of(&keys::TENANT);
        block.text("name", &tenant.name);
        block.texts("buckets", &tenant.buckets);
        block.texts_if("cdn", tenant.cdn.as_deref());
        block.span_if("retention", tenant.retention);
        block.span_if("retention_max", tenant.retention_max);
        block.span("delete_within", tenant.delete_within);
        block.span_if("contract_end", tenant.contract_end);
        block.into_file(&mut file, "[[tenant]]");
    }
    for bucket in &scenario.buckets {
        let mut block = Lines::of(&keys::BUCKET);
        block.text("name", &bucket.name);
        block.text("region", &bucket.region);
        block.boolean("versioning", bucket.versioning);
        block.text("object_lock", bucket.object_lock.name());
        block.span_if("lock_for", bucket.lock_for);
        block.boolean("public", bucket.public);
        block.into_file(&mut file, "[[bucket]]");
    }
    for call in &scenario.calls {
        write_call(&mut file, call);
    }
    for command in &scenario.commands {
        write_command(command).into_file(&mut file, "[[command]]");
    }
    for fault in &scenario.faults {
        write_fault(fault).into_file(&mut file, "[[fault]]");
    }
    for expect in &scenario.expects {
        let mut block = Lines::of(&keys::EXPECT);
        block.text("operator", &expect.operator);
        block.text("verdict", expect.verdict.name());
        block.texts("violates", &expect.violates);
        let mut counts = Lines::of(&keys::COUNTS);
        for (name, count) in &expect.counts {
            counts.integer(name, *count);
        }
        block.inline("counts", counts);
        block.into_file(&mut file, "[[expect]]");
    }
    free(&mut file, &["found"], &scenario.found);
    file
}

fn top(scenario: &Scenario) -> Lines {
    let mut block = Lines::of(&keys::TOP);
    block.integer("format", super::FORMAT);
    block.text("name", &scenario.name);
    block.text("title", &scenario.title);
    block.text("severity", scenario.severity.name());
    block.integer("seed", scenario.seed);
    block.text("question", &scenario.question);
    block.text("expected", &scenario.expected);
    block
}

fn world(scenario: &Scenario) -> Lines {
    let world = &scenario.world;
    let mut block = Lines::of(&keys::WORLD);
    block.moment("start", world.start);
    block.span("horizon", world.horizon);
    block.span("settle", world.settle);
    if let Some(events) = &world.webhook_events {
        block.texts("webhook_events", events);
    }
    block.integer("webhook_attempts", world.webhook_attempts.into());
    block.integer("webhook_queue_depth", world.webhook_queue_depth.into());
    block.span("webhook_queue_age", world.webhook_queue_age);
    block.span("token_life", world.token_life);
    block.span("info_retention", world.info_retention);
    block.span("egress_start", world.egress_start);
    block.integer("egress_capacity", world.egress_capacity.into());
    block.span("file_output_max_duration", world.file_output_max_duration);
    block.span("stream_output_max_duration", world.stream_output_max_duration);
    block.span("segment_output_max_duration", world.segment_output_max_duration);
    block.span("image_output_max_duration", world.image_output_max_duration);
    block.integer("upload_bytes_per_second", world.upload_bytes_per_second);
    block.integer("media_bytes_per_second", world.media_bytes_per_second);
    block.span("livekit_latency", world.livekit_latency);
    block.span("s3_latency", world.s3_latency);
    block.integer("list_page", world.list_page.into());
    block.span("lifecycle_day", world.lifecycle_day);
    block.boolean("error_prefix", world.error_prefix);
    block.texts_if("backup_bucket", world.backup_bucket.as_deref());
    block
}

fn limits(scenario: &Scenario) -> Lines {
    let limits = &scenario.limits;
    let mut block = Lines::of(&keys::LIMITS);
    block.integer("fuel", limits.fuel);
    block.integer("memory_bytes", limits.memory_bytes);
    block.integer("table_elements", limits.table_elements);
    block.integer("stack_bytes", limits.stack_bytes);
    block.integer("host_payload_bytes", limits.host_payload_bytes);
    block.integer("calls_per_delivery", limits.calls_per_delivery);
    block.integer("calls_per_run", limits.calls_per_run);
    block.integer("payload_bytes_per_run", limits.payload_bytes_per_run);
    block.integer("timers", limits.timers);
    block
}

fn promises(scenario: &Scenario) -> Lines {
    let promises = &scenario.promises;
    let mut block = Lines::of(&keys::PROMISES);
    block.span("gap", promises.gap);
    block.span("stop_grace", promises.stop_grace);
    block.span("startup", promises.startup);
    block.span("prompt", promises.prompt);
    block.span("inventory_grace", promises.inventory_grace);
    block.span("converge", promises.converge);
    block
}

fn operator(scenario: &Scenario) -> Lines {
    let mut block = Lines::of(&keys::OPERATOR);
    block.text("use", &scenario.operator.use_);
    block.texts_if("older", scenario.operator.older.as_deref());
    block.integer("instances", scenario.operator.instances.into());
    block.span("restart", scenario.operator.restart);
    block
}

fn write_call(file: &mut String, call: &Call) {
    let mut block = Lines::of(&keys::CALL);
    block.texts_if("name", (!call.name.is_empty()).then_some(&call.name));
    block.text("tenant", &call.tenant);
    block.text("room", &call.room);
    let simple = call.participants.iter().all(|who| *who == Participant::named(&who.identity));
    if simple {
        let names: Vec<String> = call.participants.iter().map(|who| who.identity.clone()).collect();
        block.texts("participants", &names);
    }
    block.span("at", call.at);
    block.integer("count", call.count);
    block.span_if("every", (call.count > 1 || call.every != Span::ZERO).then_some(call.every));
    block.span("duration", call.duration);
    block.text("recording", call.recording.name());
    block.text("output", call.output.name());
    block.span("segment", call.segment);
    block.into_file(file, "[[call]]");
    for who in call.participants.iter().filter(|_| !simple) {
        let mut block = Lines::of(&keys::PARTICIPANT);
        block.text("identity", &who.identity);
        block.span("join", who.join);
        block.span_if("leave", who.leave);
        block.texts("tracks", &who.tracks.iter().map(|track| track.name().to_owned()).collect::<Vec<_>>());
        block.into_file(file, "[[call.participant]]");
    }
}

fn write_command(command: &Command) -> Lines {
    let mut block = Lines::of(&keys::COMMAND);
    block.texts_if("name", (!command.name.is_empty()).then_some(&command.name));
    match &command.when {
        When::At(at) => block.span("at", *at),
        When::After(step) => block.text("after", step),
    }
    block.text("do", command.order.name());
    block.text("tenant", &command.tenant);
    block.texts_if("room", command.room.as_deref());
    block
}

fn write_fault(fault: &Fault) -> Lines {
    let mut block = Lines::of(&keys::FAULT);
    block.texts_if("name", (!fault.name.is_empty()).then_some(&fault.name));
    block.text("do", fault.kind.name);
    match &fault.anchor {
        Anchor::At(at) => block.span("at", *at),
        Anchor::After(step) => block.text("after", step),
        Anchor::On { point, nth, count } => {
            block.text("on", point);
            block.integer("nth", *nth);
            block.integer("count", *count);
        }
    }
    block.span_if("for", fault.window);
    block.inline("where", filter(&fault.filter));
    // A given parameter is written even where it is the default: the scenario remembers that it was given.
    for (at, parameter) in fault.kind.parameters.iter().enumerate() {
        let literal = fault.parameters.get(parameter.name).map(|value| match value {
            fault::Value::Integer(number) => number.to_string(),
            fault::Value::Span(span) => quote(&span.to_string()),
            fault::Value::Text(text) => quote(text),
        });
        debug_assert!(keys::FAULT.key(parameter_key(parameter).name).is_none());
        block.lines.extend(literal.map(|literal| (keys::FAULT.keys.len() + at, parameter.name, literal)));
    }
    block
}

fn filter(filter: &Filter) -> Lines {
    let mut block = Lines::of(&keys::WHERE);
    block.texts_if("event", filter.event.as_deref());
    block.texts_if("bucket", filter.bucket.as_deref());
    block.texts_if("key", filter.key.as_deref());
    block.texts_if("tenant", filter.tenant.as_deref());
    block.texts_if("room", filter.room.as_deref());
    if let Some(instance) = filter.instance {
        block.integer("instance", instance);
    }
    block
}

/// A free table, in TOML's own canonical form.
fn free(file: &mut String, path: &[&str], table: &toml::Table) {
    if table.is_empty() {
        return;
    }
    let nested = path
        .iter()
        .rev()
        .fold(table.clone(), |inner, name| toml::Table::from_iter([((*name).to_owned(), Value::Table(inner))]));
    let text = toml::to_string(&nested).expect("a table of TOML values is TOML");
    write!(file, "\n{text}").expect("a text takes all");
}

fn quote(text: &str) -> String {
    Value::String(text.into()).to_string()
}

/// The keys of one table that are not what they would be anyway.
struct Lines {
    about: &'static Table,
    /// Place in the canonical order, key, value as TOML.
    lines: Vec<(usize, &'static str, String)>,
}

impl Lines {
    const fn of(about: &'static Table) -> Lines {
        Lines { about, lines: Vec::new() }
    }

    fn push(&mut self, name: &str, literal: impl FnOnce() -> String, is_default: impl FnOnce(&Fallback) -> bool) {
        let place = self.about.keys.iter().position(|key| key.name == name);
        let place = place.unwrap_or_else(|| unreachable!("{} has no key {name}", self.about.header));
        let key = &self.about.keys[place];
        if !is_default(&key.fallback) {
            self.lines.push((place, key.name, literal()));
        }
    }

    fn integer(&mut self, name: &str, value: u64) {
        self.push(
            name,
            || value.to_string(),
            |fallback| matches!(fallback, Fallback::Integer(usual) if *usual == value),
        );
    }

    fn span(&mut self, name: &str, value: Span) {
        let usual = |fallback: &Fallback| matches!(fallback, Fallback::Span(text) if Span::parse(text) == Ok(value));
        self.push(name, || quote(&value.to_string()), usual);
    }

    fn span_if(&mut self, name: &str, value: Option<Span>) {
        if let Some(value) = value {
            self.span(name, value);
        }
    }

    fn text(&mut self, name: &str, value: &str) {
        self.push(name, || quote(value), |fallback| matches!(fallback, Fallback::Text(usual) if *usual == value));
    }

    fn texts_if(&mut self, name: &str, value: Option<impl AsRef<str>>) {
        if let Some(value) = value {
            self.text(name, value.as_ref());
        }
    }

    fn texts(&mut self, name: &str, values: &[String]) {
        let literal = || format!("[{}]", values.iter().map(|value| quote(value)).collect::<Vec<_>>().join(", "));
        self.push(name, literal, |fallback| match fallback {
            Fallback::Texts(usual) => *usual == values,
            Fallback::Absent(_) => values.is_empty(),
            _ => false,
        });
    }

    fn boolean(&mut self, name: &str, value: bool) {
        let usual = |fallback: &Fallback| matches!(fallback, Fallback::Boolean(usual) if *usual == value);
        self.push(name, || value.to_string(), usual);
    }

    fn moment(&mut self, name: &str, value: Time) {
        let text = value.to_rfc3339();
        self.push(name, || text.clone(), |fallback| matches!(fallback, Fallback::Text(usual) if *usual == text));
    }

    /// A table on the line of its key; none where it is empty.
    fn inline(&mut self, name: &str, mut table: Lines) {
        if table.lines.is_empty() {
            return;
        }
        table.lines.sort_unstable();
        let items: Vec<String> = table.lines.iter().map(|(_, key, value)| format!("{key} = {value}")).collect();
        self.push(name, || format!("{{ {} }}", items.join(", ")), |_| false);
    }

    fn into_file_unless_empty(self, file: &mut String) {
        if !self.lines.is_empty() {
            let header = self.about.header;
            self.into_file(file, header);
        }
    }

    fn into_file(mut self, file: &mut String, header: &str) {
        if !header.is_empty() {
            writeln!(file, "\n{header}").expect("a text takes all");
        }
        self.lines.sort_unstable();
        for (_, key, value) in self.lines {
            writeln!(file, "{key} = {value}").expect("a text takes all");
        }
    }
}

#[cfg(test)]
mod tests;
