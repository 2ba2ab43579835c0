//! Property-based search over scenarios.
//!
//! [`campaign`] says what worlds are made and [`generate`] makes them; [`judge`] runs one and says which promises broke;
//! [`search`] runs many, on several threads; [`reduce`] makes a finding as small as it gets, [`distinct`] says which are
//! findings of their own, and [`necessity`] what each step of one is needed for; [`found`] keeps the files; [`result`] is what
//! shards leave behind, and how they are put together.
//! Nothing here draws a picture: reports are the caller's.

pub mod campaign;
pub mod distinct;
pub mod fingerprint;
pub mod found;
pub mod generate;
pub mod goals;
pub mod judge;
pub mod necessity;
pub mod reduce;
pub mod result;
pub mod search;
