"""The one place where order is decided: what it must do, and who does it."""
