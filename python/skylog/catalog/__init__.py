"""Topics, their configs, and the cluster as clients may see it."""
