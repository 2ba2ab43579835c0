//! Promises about how the operator behaves as a process: its calls, its crashes, its recovery.

pub mod bounded;
pub mod converges;
pub mod crash_safe;

#[cfg(test)]
mod tests;
