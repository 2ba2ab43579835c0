//! Facts in words.
