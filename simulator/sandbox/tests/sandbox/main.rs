//! The sandbox from outside: files that are no operators, and operators that mean harm.

mod adversary;
mod contained;
mod load;
mod wasi;
