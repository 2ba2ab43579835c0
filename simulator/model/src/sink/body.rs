//! Bodies by reference.

/// Bodies.
#[derive(Debug, Default)]
pub struct Media;

/// A body.
#[derive(Clone, Debug)]
pub enum Body {
    /// Bytes.
    Bytes(bytes::Bytes),
}
