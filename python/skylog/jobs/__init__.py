"""What a broker does beside answering: purge what was deleted, remove objects that nothing refers to."""
