//! Promises about how webhooks are taken.

pub mod authentic;

#[cfg(test)]
mod tests;
