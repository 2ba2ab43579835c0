//! The capture: one webhook a line, as a body or in a common wrapper.

use livekit_protocol as proto;
use serde_json::{Map, Value};

use super::deliveries::{Sort, Told};
use super::{ImportError, Source, count};
use crate::time::{Span, Time};

/// Keys under which a wrapper has the body.
const BODIES: &[&str] = &["body", "payload", "event", "webhook", "message", "data"];
/// Keys under which it says when the body came.
const ARRIVALS: &[&str] =
    &["received_at", "receivedAt", "received", "timestamp", "time", "ts", "@timestamp", "created_at"];
/// Keys under which it says what the receiver answered.
const ANSWERS: &[&str] = &["status", "answer", "status_code", "response_status"];
/// The clock of a scenario ends in 2554; an incident of then is a unit mistaken.
const LAST_SECOND: i64 = 16_000_000_000;
/// The shortest of the time zones, so to speak: an incident of 1970 is a clock that was not set.
const FIRST_SECOND: i64 = 86_400;

/// Everything in a capture, in order of its lines, which is taken for the order of arrival.
#[derive(Debug)]
pub(super) struct Capture {
    pub(super) arrivals: Vec<Arrival>,
    /// Lines with something in them.
    lines: usize,
    /// Numbers of those that were passed over.
    skipped: Vec<usize>,
}

/// One delivery.
#[derive(Debug)]
pub(super) struct Arrival {
    pub(super) event: proto::WebhookEvent,
    /// When it came; none: nobody wrote it down.
    pub(super) received: Option<Time>,
    /// The answer that it got, where it is known.
    pub(super) status: Option<u64>,
}

impl Arrival {
    /// `created_at`, to the second.
    pub(super) fn created(&self) -> Time {
        Time::default() + Span::seconds(self.event.created_at.cast_unsigned())
    }
}

impl Capture {
    /// What was read.
    pub(super) fn words(&self, told: &[Told]) -> Vec<String> {
        let again = self.arrivals.len() - told.len();
        let news = told.iter().filter(|told| told.sort == Sort::News).count();
        let mut words = vec![format!(
            "{} in {}",
            count(self.arrivals.len(), "delivery").replace("deliverys", "deliveries"),
            count(self.lines, "line")
        )];
        words.push(format!("{}, {again} delivered again", count(news, "event")));
        if let Some(first) = self.skipped.first() {
            let lines = count(self.skipped.len(), "line");
            words.push(format!("{lines} passed over that hold no webhook, the first one line {first}"));
        }
        words
    }
}

/// Reads a capture.
///
/// # Errors
/// The first line that is no webhook, unless those are to be passed over; a capture without any.
pub(super) fn read(source: &Source, skip_bad_lines: bool) -> Result<Capture, ImportError> {
    let mut capture = Capture { arrivals: Vec::new(), lines: 0, skipped: Vec::new() };
    for (number, line) in (1..).zip(source.bytes.split(|byte| *byte == b'\n')) {
        let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line).trim_ascii();
        if line.is_empty() {
            continue;
        }
        capture.lines += 1;
        match arrival(line) {
            Ok(arrival) => capture.arrivals.push(arrival),
            Err(_) if skip_bad_lines => capture.skipped.push(number),
            Err((message, help)) => {
                return Err(ImportError { place: format!("{}:{number}", source.name), message, help: help.into() });
            }
        }
    }
    if capture.arrivals.is_empty() {
        return Err(ImportError {
            place: source.name.clone(),
            message: "it has no webhook in it".into(),
            help: "write one webhook body a line, as LiveKit sent it: {\"event\":\"room_started\",\"room\":{…},…}"
                .into(),
        });
    }
    Ok(capture)
}

const LENIENT: &str = "take the line out, or pass --skip-bad-lines";
const SHAPE: &str = "expected is a webhook body, {\"event\":\"room_started\",…}, or a wrapper such as \
                     {\"received_at\":\"2026-01-01T00:00:00Z\",\"body\":\"…\"}; take the line out, or pass --skip-bad-lines";

fn arrival(line: &[u8]) -> Result<Arrival, (String, &'static str)> {
    let value: Value = serde_json::from_slice(line).map_err(|error| {
        let cut = if error.is_eof() { ": is it cut off?" } else { "" };
        (format!("this is no JSON ({error}){cut}"), LENIENT)
    })?;
    let Value::Object(object) = value else { return Err(("this is JSON, but no object".into(), SHAPE)) };
    let (body, received, status) = unwrapped(object)?;
    let event: proto::WebhookEvent = serde_json::from_value(Value::Object(body))
        .map_err(|error| (format!("this is no livekit.WebhookEvent: {error}"), LENIENT))?;
    if event.event.is_empty() {
        return Err(("the webhook does not say its `event`".into(), SHAPE));
    }
    if !(FIRST_SECOND..LAST_SECOND).contains(&event.created_at) {
        let message = format!("`createdAt` is {}, which is no time of a server in seconds", event.created_at);
        return Err((message, LENIENT));
    }
    Ok(Arrival { event, received, status })
}

type Unwrapped = (Map<String, Value>, Option<Time>, Option<u64>);

fn unwrapped(object: Map<String, Value>) -> Result<Unwrapped, (String, &'static str)> {
    if object.get("event").is_some_and(Value::is_string) {
        return Ok((object, None, None));
    }
    let received = ARRIVALS.iter().find_map(|key| moment(object.get(*key)?));
    let status = ANSWERS.iter().find_map(|key| object.get(*key)?.as_u64());
    let body = BODIES.iter().find_map(|key| object.get(*key));
    let body = match body {
        None => return Err(("it has neither an `event` nor a `body`".into(), SHAPE)),
        Some(Value::Object(body)) => Some(body.clone()),
        Some(Value::String(text)) => match serde_json::from_str(text) {
            Ok(Value::Object(body)) => Some(body),
            _ => None,
        },
        Some(_) => None,
    };
    let body = body.ok_or(("its `body` is no JSON object, nor the text of one".to_owned(), SHAPE))?;
    Ok((body, received, status))
}

/// RFC 3339, or a number since the Unix epoch whose size says its unit.
fn moment(value: &Value) -> Option<Time> {
    let time = match value {
        Value::String(text) => Time::from_rfc3339(text)?,
        Value::Number(number) => {
            let text = number.to_string();
            let whole: u64 = text.split('.').next()?.parse().ok()?;
            let unit: u64 = match whole {
                0..100_000_000_000 => 1_000_000_000,
                100_000_000_000..100_000_000_000_000 => 1_000_000,
                100_000_000_000_000..100_000_000_000_000_000 => 1_000,
                _ => 1,
            };
            Time(whole.checked_mul(unit)?)
        }
        _ => return None,
    };
    (FIRST_SECOND..LAST_SECOND).contains(&time.unix_seconds()).then_some(time)
}
