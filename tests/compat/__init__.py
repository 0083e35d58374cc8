"""Foreign test suites against a skylog broker, and the list of what passes: `make compat`."""
