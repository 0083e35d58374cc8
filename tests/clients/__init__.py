"""Foreign clients against a running broker; everything here goes over the wire."""
