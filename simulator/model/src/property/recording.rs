//! Promises about what is recorded, and what is not.

pub mod composite_per_call;
pub mod consent;
pub mod gap;
pub mod no_overlap;
pub mod own_buckets;
pub mod stopped;
pub mod tracks;

#[cfg(test)]
mod faults;
#[cfg(test)]
mod tests;
