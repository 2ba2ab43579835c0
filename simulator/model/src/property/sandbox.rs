//! Promises about how the guest behaves in its sandbox.

pub mod contained;

#[cfg(test)]
mod tests;
