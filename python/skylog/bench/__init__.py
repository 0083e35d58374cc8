"""Load and measurement: what a store gives (`store`), what the whole way through a log takes (`log`)."""
