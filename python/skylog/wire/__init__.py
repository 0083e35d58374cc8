"""The wire: messages as plain dicts, how they become bytes, and which of them are served."""
