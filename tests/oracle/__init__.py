"""Second opinions: formats read and judged in plain Python, written from their descriptions alone."""
