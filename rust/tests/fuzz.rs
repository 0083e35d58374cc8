//! Mutated bytes against every reader of the crate.
