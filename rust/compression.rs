//! The codecs of record batches; output is always bounded.
