//! Promises about the audit.

pub mod complete;
pub mod truthful;

#[cfg(test)]
mod tests;
