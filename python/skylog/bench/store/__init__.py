"""``skylog bench store``: what an object store gives, and what that means for a broker on it."""
