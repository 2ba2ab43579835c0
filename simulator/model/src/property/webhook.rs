//! Promises about how webhooks are taken.

pub mod authentic;
pub mod prompt;

#[cfg(test)]
mod tests;
