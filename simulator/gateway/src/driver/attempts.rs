//! What went out, attempt by attempt, and what came back.

use std::collections::VecDeque;

use egress_sim_model::time::Time;
use schemars::JsonSchema;
use serde::Serialize;

/// Attempts that are remembered; the oldest that was answered goes first.
const KEPT: usize = 20_000;

/// One attempt to deliver something.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Attempt {
    /// Its number, from 1.
    pub id: u64,
    /// When it went out, RFC 3339, world time.
    pub at: String,
    /// `webhook`, `command`, `timer`, `wake_up`.
    pub kind: &'static str,
    /// What, in words.
    pub what: String,
    /// From 1.
    pub attempt: u32,
    /// HTTP status; none: it is not answered yet; 0: no answer came.
    pub status: Option<u16>,
}

/// See the head of this file.
#[derive(Debug, Default)]
pub(super) struct Attempts {
    kept: VecDeque<Attempt>,
    made: u64,
    out: usize,
}

impl Attempts {
    /// Something goes out.
    pub(super) fn goes_out(&mut self, at: Time, kind: &'static str, what: String, attempt: u32) -> u64 {
        self.made += 1;
        self.out += 1;
        if self.kept.len() >= KEPT && self.kept.front().is_some_and(|first| first.status.is_some()) {
            self.kept.pop_front();
        }
        self.kept.push_back(Attempt { id: self.made, at: at.to_rfc3339(), kind, what, attempt, status: None });
        self.made
    }

    /// It was answered.
    pub(super) fn answered(&mut self, id: u64, status: u16) {
        self.out -= 1;
        if let Some(attempt) = self.at(id) {
            attempt.status = Some(status);
        }
    }

    /// How many are not answered.
    pub(super) const fn out(&self) -> usize {
        self.out
    }

    /// The one with this number, in words.
    pub(super) fn words(&mut self, id: u64) -> String {
        self.at(id).map(|attempt| format!("{} (attempt {})", attempt.what, attempt.attempt)).unwrap_or_default()
    }

    pub(super) fn all(&self) -> Vec<Attempt> {
        self.kept.iter().cloned().collect()
    }

    fn at(&mut self, id: u64) -> Option<&mut Attempt> {
        let first = self.kept.front()?.id;
        self.kept.get_mut(usize::try_from(id.checked_sub(first)?).ok()?)
    }
}
