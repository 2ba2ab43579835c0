//! Calls per delivery stay within limits, and nothing that fails is tried over and over again.
//!
//! Why: S3 answers `SlowDown` because there are too many requests. Whoever answers it with more requests makes it worse, is
//! throttled for longer, and meanwhile keeps a webhook waiting.
//!
//! The rule, for each delivery whatever it is: it makes no more than `[limits].calls_per_delivery` calls, and all of a run
//! together no more than `calls_per_run`, nor do these carry more than `payload_bytes_per_run`; and no call, the
//! same by name and by every argument, fails more than [`FAILURES_MAX`] times in it without having worked in between,
//! whatever other calls come between them. There is no sleep inside a delivery, so repetitions come as fast as they
//! are answered: whoever wants to wait sets a timer, or answers that the delivery is to be sent again. To fail is to be
//! rejected, not to be sent, or to have an unknown outcome; a commit that meets a conflict fails, and so does a batch
//! delete that refuses any of its keys. A 404 to HEAD is an answer.
//!
//! Broken by `retries-forever`, which asks a sink that wants to be left alone until it gives in.

use std::collections::BTreeMap;

use crate::call::{Call, CommitOutcome, Reply};
use crate::live::NOBODY;
use crate::operator::TrapKind;
use crate::property::{About, Mention, Property, Verdict};
use crate::state::State;
use crate::trace::{Fact, FactKind};

/// Failures of one and the same call in one delivery that are still patience. The SDKs of AWS give up after 3 attempts, the
/// most stubborn of their presets after 10.
pub const FAILURES_MAX: u32 = 10;

static ABOUT: About = About {
    id: "operator.bounded",
    promise: "Calls per delivery stay within limits, and nothing that fails is tried over and over again.",
    why: "Whoever answers SlowDown with more requests is throttled for longer, and keeps a webhook waiting meanwhile.",
    one_check: "delivery",
    broken_by: "retries-forever",
};

/// See the head of this file.
#[derive(Debug, Default)]
pub struct Bounded {
    /// What has failed in the delivery that each instance is at. No entry: nothing has.
    failing: BTreeMap<u32, Failing>,
}

#[derive(Debug, Default)]
struct Failing {
    /// How often, by the call's digest.
    failures: BTreeMap<[u8; 32], u32>,
    /// The delivery has been judged.
    broken: bool,
}

impl Property for Bounded {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn wants(&self, kind: FactKind) -> bool {
        matches!(kind, FactKind::DeliveryBegan | FactKind::Replied | FactKind::Trapped)
    }

    fn observe(&mut self, fact: &Fact<'_>, state: &State, verdict: &mut Verdict) {
        match *fact {
            Fact::DeliveryBegan { instance, .. } => {
                self.failing.remove(&instance);
                verdict.held();
            }
            // Nobody knows which delivery it belongs to.
            Fact::Replied { instance: NOBODY, .. } => {}
            Fact::Replied { instance, call, reply } => {
                if !fails(reply) {
                    if let Some(failing) = self.failing.get_mut(&instance) {
                        failing.failures.remove(&digest(call));
                    }
                    return;
                }
                let failing = self.failing.entry(instance).or_default();
                let failures = failing.failures.entry(digest(call)).or_default();
                *failures += 1;
                if *failures > FAILURES_MAX && !std::mem::replace(&mut failing.broken, true) {
                    verdict.overturned(state.now, about(instance, call), || {
                        format!(
                            "nothing that fails is tried over and over again, but instance {instance} made one and the same \
                             {} {} times within one delivery, and each time it failed",
                            call.name(),
                            FAILURES_MAX + 1
                        )
                    });
                }
            }
            Fact::Trapped { instance, trap } if matches!(trap.kind, TrapKind::Calls | TrapKind::Run) => {
                let broken = self.failing.remove(&instance).is_some_and(|failing| failing.broken);
                if !broken {
                    verdict.overturned(state.now, vec![Mention::Instance(instance)], || {
                        let what = if trap.kind == TrapKind::Run { "run" } else { "delivery" };
                        format!("calls per {what} stay within limits, but instance {instance} made {}", trap.message)
                    });
                }
            }
            _ => {}
        }
    }
}

fn about(instance: u32, call: &Call) -> Vec<Mention> {
    let mut about = vec![Mention::Instance(instance)];
    if let (Some(bucket), Some(key)) = (call.bucket(), call.keys().first()) {
        about.push(Mention::Key(bucket.to_owned(), (*key).to_owned()));
    }
    if let Some(room) = call.room().filter(|room| !room.is_empty()) {
        about.push(Mention::Room(room.to_owned()));
    }
    about
}

/// Name and arguments, as the trace has them.
fn digest(call: &Call) -> [u8; 32] {
    let bytes = postcard::to_stdvec(call).expect("calls serialise into memory");
    *blake3::hash(&bytes).as_bytes()
}

fn fails(reply: &Reply) -> bool {
    match reply {
        Reply::Raw { .. } | Reply::Opened(_) | Reply::Now(_) | Reply::Entropy(_) | Reply::Nothing => false,
        Reply::Egress(result) => result.is_err(),
        Reply::EgressList(result) => result.is_err(),
        Reply::Rooms(result) => result.is_err(),
        Reply::Participants(result) => result.is_err(),
        Reply::Head(result) => result.is_err(),
        Reply::Object(result) => result.is_err(),
        Reply::Put(result) => result.is_err(),
        Reply::Deleted(result) => result.is_err(),
        Reply::DeleteResult(result) => result.as_ref().map_or(true, |result| !result.errors.is_empty()),
        Reply::Objects(result) => result.is_err(),
        Reply::Versions(result) => result.is_err(),
        Reply::Uploads(result) => result.is_err(),
        Reply::Versioning(result) => result.is_err(),
        Reply::Commit(result) => !matches!(result, Ok(CommitOutcome::Committed(_))),
        Reply::Row(result) => result.is_err(),
        Reply::Rows(result) => result.is_err(),
        Reply::State(result) => result.is_err(),
        Reply::States(result) => result.is_err(),
        Reply::Done(result) => result.is_err(),
        Reply::S3(answer) => answer.is_err(),
        Reply::Room(result) => result.is_err(),
        Reply::Participant(result) => result.is_err(),
        Reply::Track(result) => result.is_err(),
    }
}
