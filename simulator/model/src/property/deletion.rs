//! Promises about deletion when a contract ends.

pub mod complete;
pub mod links_gone;
pub mod only_own;
pub mod verified;

#[cfg(test)]
mod tests;
