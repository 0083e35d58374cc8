//! CRC-32C, whole and in pieces.
