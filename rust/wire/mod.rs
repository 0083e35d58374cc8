//! Produce and Fetch as they travel.

pub mod frames;
