//! The trace of a world as it is served: its last records in words, and the operator's audit.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;

use egress_sim_model::state::State;
use egress_sim_model::time::Time;
use egress_sim_model::trace::{Fact, Lane, Witness, render};
use egress_sim_wire::evidence::Audited;
use serde::{Serialize, Serializer};
use tokio::sync::broadcast;

/// Records that are remembered, and records that a slow reader may be behind.
const KEPT: usize = 20_000;
const BEHIND: usize = 4096;

/// Shared by the world, which fills it, and its driver, who reads it.
#[derive(Clone, Debug)]
pub struct Records(Rc<RefCell<Kept>>);

#[derive(Debug)]
struct Kept {
    lines: VecDeque<Arc<Line>>,
    audit: VecDeque<Audited>,
    news: broadcast::Sender<Arc<Line>>,
}

/// Puts a world's records there.
#[derive(Debug)]
pub struct Recorder(Records);

/// A record in words.
#[derive(Debug, Serialize)]
pub struct Line {
    /// RFC 3339.
    #[serde(serialize_with = "rfc3339")]
    at: Time,
    sequence: u64,
    lane: Lane,
    text: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde wants it so")]
fn rfc3339<S: Serializer>(at: &Time, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&at.to_rfc3339())
}

impl Default for Records {
    fn default() -> Records {
        let (news, _) = broadcast::channel(BEHIND);
        Records(Rc::new(RefCell::new(Kept { lines: VecDeque::new(), audit: VecDeque::new(), news })))
    }
}

impl Records {
    /// Who fills it.
    pub fn witness(&self) -> Recorder {
        Recorder(self.clone())
    }

    /// The last records, and those to come.
    pub fn lines(&self) -> (Vec<Arc<Line>>, broadcast::Receiver<Arc<Line>>) {
        let kept = self.0.borrow();
        (kept.lines.iter().cloned().collect(), kept.news.subscribe())
    }

    /// The audit.
    pub fn audit(&self) -> Vec<Audited> {
        self.0.borrow().audit.iter().cloned().collect()
    }
}

impl Witness for Recorder {
    fn record(&mut self, at: Time, sequence: u64, fact: &Fact<'_>, state: &State) {
        let mut kept = self.0.0.borrow_mut();
        if let Fact::Audited { records, .. } = fact {
            kept.audit.extend(records.iter().map(|record| Audited::new(at, record)));
            let over = kept.audit.len().saturating_sub(KEPT);
            kept.audit.drain(..over);
        }
        // Most lines are never read: the rest of the work is left to whoever does.
        let line = Arc::new(Line { at, sequence, lane: fact.lane(), text: render::line(fact, state) });
        if kept.lines.len() == KEPT {
            kept.lines.pop_front();
        }
        if kept.news.receiver_count() > 0 {
            // Whoever listened may have gone since.
            let _ = kept.news.send(Arc::clone(&line));
        }
        kept.lines.push_back(line);
    }
}
