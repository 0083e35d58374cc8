"""Brokers on a real S3 server behind a proxy that does it harm."""
