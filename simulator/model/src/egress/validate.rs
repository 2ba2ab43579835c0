//! Which requests a worker refuses, with its words.
