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
/// Bytes of a usual text.
const TEXT: usize = 64;

/// Shared by the world, which fills it, and its driver, who reads it.
#[derive(Clone, Debug)]
pub struct Records(Rc<RefCell<Kept>>);

#[derive(Debug)]
struct Kept {
    /// The number of the first record that is remembered; those behind it have the next ones.
    first: u64,
    lines: VecDeque<Short>,
    /// The texts of all lines, one behind the other: few are ever read, so none has a place of its own.
    texts: VecDeque<u8>,
    audit: VecDeque<Audited>,
    news: broadcast::Sender<Arc<Line>>,
}

/// A record without its text.
#[derive(Clone, Copy, Debug)]
struct Short {
    at: Time,
    /// Bytes of its text.
    length: u32,
    lane: Lane,
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
        // Room that is never filled costs nothing; to grow would leave holes of half the size.
        let (lines, texts) = (VecDeque::with_capacity(KEPT), VecDeque::with_capacity(KEPT * TEXT));
        let audit = VecDeque::new();
        Records(Rc::new(RefCell::new(Kept { first: 0, lines, texts, audit, news })))
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
        let mut behind = 0;
        let line = |(sequence, short): (u64, &Short)| {
            let text = kept.texts.range(behind..behind + short.length as usize).copied().collect();
            behind += short.length as usize;
            let text = String::from_utf8(text).expect("it was text");
            Arc::new(Line { at: short.at, sequence, lane: short.lane, text })
        };
        ((kept.first..).zip(&kept.lines).map(line).collect(), kept.news.subscribe())
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
        if kept.lines.len() == KEPT
            && let Some(Short { length, .. }) = kept.lines.pop_front()
        {
            kept.texts.drain(..length as usize);
        }
        kept.first = sequence - kept.lines.len() as u64;
        let (lane, text) = (fact.lane(), render::line(fact, state));
        kept.lines.push_back(Short { at, length: text.len() as u32, lane });
        kept.texts.extend(text.as_bytes());
        if kept.news.receiver_count() > 0 {
            // Whoever listened may have gone since.
            let _ = kept.news.send(Arc::new(Line { at, sequence, lane, text }));
        }
    }
}

#[cfg(test)]
mod tests {
    use egress_sim_model::call::Call;
    use egress_sim_model::live::Live;
    use egress_sim_model::scenario::file::parse;
    use egress_sim_model::time::Span;

    use super::*;

    #[test]
    fn the_last_records_are_remembered_with_their_numbers_and_texts() {
        let scenario = Rc::new(parse("records", "format = 1\n[world]\nhorizon = \"36500d\"\n").expect("a world"));
        let records = Records::default();
        let mut witness = records.witness();
        let mut live = Live::new(&scenario, Vec::new(), Some(&mut witness));
        // Each is two records, so half of them are forgotten.
        for number in 0..KEPT {
            live.ask(Call::StateGet { key: format!("ü{number}") });
            live.reach(live.now() + Span::SECOND);
            while live.take().is_some() {}
        }
        let (lines, _) = records.lines();
        assert_eq!(lines.len(), KEPT);
        assert!((lines[0].sequence..).zip(&lines).all(|(sequence, line)| line.sequence == sequence));
        for (place, line) in lines.iter().step_by(2).enumerate() {
            assert!(line.text.ends_with(&format!("ü{}", KEPT / 2 + place)), "{}", line.text);
        }
    }
}
