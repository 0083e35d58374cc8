"""Object stores, the names of objects, and the cache of segments."""
