//! From path templates to object keys.
