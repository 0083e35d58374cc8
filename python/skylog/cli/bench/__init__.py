"""``skylog bench``: measure a store, or the whole way through a log."""
