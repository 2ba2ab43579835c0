//! Promises about what viewers get.

pub mod complete;
pub mod r#final;
pub mod plays;
pub mod via_cdn;

#[cfg(test)]
mod tests;
