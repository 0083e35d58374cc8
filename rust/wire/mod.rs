//! Produce and Fetch as they travel.

pub mod answer;
pub mod assemble;
pub mod builder;
pub mod codes;
pub mod fetch;
pub mod fetched;
pub mod fields;
pub mod frames;
pub mod loaded;
pub mod plan;
pub mod produce;
pub mod select;
pub mod session;
pub mod sessions;
pub mod topics;
pub mod waits;
