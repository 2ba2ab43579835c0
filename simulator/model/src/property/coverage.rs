//! Which stretch of a call is in the recordings.
//!
//! What a stored egress recorded counts as covered, and so does the time by which a fault let it start later. After an
//! end that the operator did not cause, `gap` is excused; if a worker died silently, that is counted from the first sign
//! of it. Where an egress failed and what it recorded is not in the sink, or a fault of its uploads kept media from there or
//! damaged it, its own time is excused too: nobody can bring it back.

use crate::state::{Egress, End};
use crate::time::{Span, Time};

/// A stretch of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// From.
    pub from: Time,
    /// To.
    pub to: Time,
}

impl Stretch {
    /// How long.
    pub const fn length(self) -> Span {
        self.to.since(self.from)
    }
}

/// Whether somebody else than the operator ended it.
pub const fn ended_by_itself(egress: &Egress) -> bool {
    matches!(egress.end, Some(End::Failed | End::SourceClosed))
}

/// The first stretch of `wanted` that is neither covered nor excused by these egresses.
pub fn first_hole<'e>(egresses: impl Iterator<Item = &'e Egress>, wanted: Stretch, gap: Span) -> Option<Stretch> {
    let mut pieces: Vec<Stretch> = egresses.filter_map(|egress| piece(egress, gap)).collect();
    pieces.sort_unstable_by_key(|piece| piece.from);
    let mut covered = wanted.from;
    let mut until = wanted.to;
    for piece in pieces {
        if piece.from > covered {
            until = until.min(piece.from);
            break;
        }
        covered = covered.max(piece.to);
    }
    (covered < until).then_some(Stretch { from: covered, to: until })
}

fn piece(egress: &Egress, gap: Span) -> Option<Stretch> {
    let failed = egress.is_failed();
    let never_played = failed && egress.active_at.is_none();
    let excused = if ended_by_itself(egress) || never_played { gap } else { Span::ZERO };
    if egress.stored {
        return Some(Stretch { from: began(egress)?, to: egress.stopped_at? + excused });
    }
    let seen_at = egress.lost.map(|loss| loss.seen_at);
    let end = seen_at.or(egress.stopped_at).or(egress.info.ended_at)?;
    (failed || egress.spoilt).then_some(Stretch { from: egress.info.started_at?, to: end + excused })
}

/// When an egress would have become ACTIVE without a fault that let it start late.
pub fn began(egress: &Egress) -> Option<Time> {
    egress.active_at.map(|active_at| active_at - egress.start_delay)
}
