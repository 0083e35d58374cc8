"""The produce path: admitted, buffered, sealed, stored, committed, answered."""
