//! Produce and Fetch as they travel.
