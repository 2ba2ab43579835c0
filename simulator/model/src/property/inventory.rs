//! Promises about the operator's inventory.

pub mod complete;
pub mod no_phantom;

#[cfg(test)]
mod tests;
