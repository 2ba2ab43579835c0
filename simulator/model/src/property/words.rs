//! How messages speak of things, so that a newcomer finds them in the scenario and in the trace.

use crate::property::Mention;
use crate::state::{CallIx, Egress, EgressIx, State};

/// `egress EG_… of room standup-7 (tenant acme-1)`
pub fn egress(state: &State, ix: EgressIx) -> String {
    let egress = state.egress(ix);
    let call = state.call(egress.call);
    format!("egress {} of room {} (tenant {})", egress.info.egress_id, call.room, state.tenant(call.tenant).name)
}

/// Why an egress ended, in LiveKit's words where it has any.
pub fn reason(egress: &Egress) -> &str {
    match (egress.lost, egress.info.error.as_str()) {
        (Some(_), _) => "its worker died without a word",
        (None, "") => &egress.info.details,
        (None, error) => error,
    }
}

/// `the call in room standup-7 (tenant acme-1)`
pub fn call(state: &State, ix: CallIx) -> String {
    let call = state.call(ix);
    format!("the call in room {} (tenant {})", call.room, state.tenant(call.tenant).name)
}

/// `s3://rec-eu-1/standup-7.mp4 of egress …`
pub fn key(state: &State, bucket: &str, key: &str, ix: EgressIx) -> String {
    format!("s3://{bucket}/{key} of {}", egress(state, ix))
}

/// Whom a call is about.
pub fn about_call(state: &State, ix: CallIx) -> Vec<Mention> {
    let call = state.call(ix);
    vec![Mention::Room(call.room.to_string()), Mention::Tenant(state.tenant(call.tenant).name.to_string())]
}

/// Whom an egress is about.
pub fn about_egress(state: &State, ix: EgressIx) -> Vec<Mention> {
    let egress = state.egress(ix);
    let mut about = vec![Mention::Egress(egress.info.egress_id.to_string())];
    about.extend(about_call(state, egress.call));
    about
}

/// Whom a key of an egress is about.
pub fn about_key(state: &State, bucket: &str, key: &str, ix: EgressIx) -> Vec<Mention> {
    let mut about = vec![Mention::Key(bucket.to_owned(), key.to_owned())];
    about.extend(about_egress(state, ix));
    about
}

/// `1 object`, `2 objects`, `2 egresses`
pub fn count(number: usize, what: &str) -> String {
    let plural = match number {
        1 => "",
        _ if what.ends_with('s') => "es",
        _ => "s",
    };
    format!("{number} {what}{plural}")
}
