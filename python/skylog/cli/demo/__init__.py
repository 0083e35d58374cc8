"""``skylog demo``: a broker, 200,000 records through it, and what came of it."""
