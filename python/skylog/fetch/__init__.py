"""The fetch path: located, planned, loaded, assembled; and the long poll."""
