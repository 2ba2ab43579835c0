//! Viewers: what somebody gets who opens a published link.
