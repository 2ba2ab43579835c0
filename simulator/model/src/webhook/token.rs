//! Signing and verifying webhook deliveries at virtual time.
