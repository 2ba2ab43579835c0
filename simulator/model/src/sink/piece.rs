//! Bytes that somebody brought: here, or kept elsewhere by whoever brought them.
//!
//! A body that is too large for memory stays on whoever's disk it was put to; the model has its length and its digest, hands it on,
//! and never reads it.

use std::fmt::Debug;
use std::io;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;

/// Bytes that are kept elsewhere: they are there as long as somebody holds this.
pub trait Keep: Debug + Send + Sync {
    /// How many.
    fn length(&self) -> u64;

    /// Reads some of them, for whoever carries them to a client.
    ///
    /// # Errors
    /// What became of them.
    fn read(&self, range: Range<u64>) -> io::Result<Bytes>;
}

/// A piece of a body.
#[derive(Clone, Debug)]
pub enum Piece {
    /// Bytes that are here.
    Here(Bytes),
    /// Some of the bytes that are kept elsewhere.
    Kept(Arc<dyn Keep>, Range<u64>),
    /// Pieces that came as one, one after another.
    Joined(Arc<[Piece]>),
}

impl PartialEq for Piece {
    fn eq(&self, other: &Piece) -> bool {
        match (self, other) {
            (Piece::Here(one), Piece::Here(other)) => one == other,
            (Piece::Kept(one, range), Piece::Kept(other, other_range)) => {
                Arc::ptr_eq(one, other) && range == other_range
            }
            (Piece::Joined(one), Piece::Joined(other)) => one == other,
            _ => false,
        }
    }
}

impl Eq for Piece {}

impl From<Bytes> for Piece {
    fn from(bytes: Bytes) -> Piece {
        Piece::Here(bytes)
    }
}

impl Piece {
    /// All that is kept there.
    pub fn kept(kept: Arc<dyn Keep>) -> Piece {
        let length = kept.length();
        Piece::Kept(kept, 0..length)
    }

    /// Bytes.
    pub fn len(&self) -> u64 {
        match self {
            Piece::Here(bytes) => bytes.len() as u64,
            Piece::Kept(_, range) => range.end - range.start,
            Piece::Joined(pieces) => pieces.iter().map(Piece::len).sum(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Several as one.
    pub fn joined(mut pieces: Vec<Piece>) -> Piece {
        match pieces.len() {
            0 => Piece::Here(Bytes::new()),
            1 => pieces.remove(0),
            _ => Piece::Joined(pieces.into()),
        }
    }
}

/// What is in a range of some pieces, none of them joined, without copying anything.
pub fn cut(pieces: &[Piece], range: Range<u64>) -> Vec<Piece> {
    let mut found = Vec::new();
    cut_into(&mut found, pieces, range);
    found
}

fn cut_into(found: &mut Vec<Piece>, pieces: &[Piece], range: Range<u64>) {
    let mut at = 0;
    for piece in pieces {
        let end = at + piece.len();
        let (from, to) = (range.start.max(at), range.end.min(end));
        if from < to {
            let (from, to) = (from - at, to - at);
            match piece {
                Piece::Here(bytes) => found.push(Piece::Here(bytes.slice(from as usize..to as usize))),
                Piece::Kept(kept, within) => {
                    found.push(Piece::Kept(Arc::clone(kept), within.start + from..within.start + to));
                }
                Piece::Joined(pieces) => cut_into(found, pieces, from..to),
            }
        }
        at = end;
    }
}

/// The bytes of pieces; none: some of them are elsewhere.
pub fn here(pieces: &[Piece]) -> Option<Vec<Bytes>> {
    let whole = pieces.iter().map(Piece::len).sum();
    let here = |piece| if let Piece::Here(bytes) = piece { Some(bytes) } else { None };
    cut(pieces, 0..whole).into_iter().map(here).collect()
}
