//! Promises about how long recordings are kept.

pub mod not_early;
pub mod not_late;
pub mod whole_recording;

#[cfg(test)]
mod tests;
