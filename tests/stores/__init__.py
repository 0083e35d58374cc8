"""Real servers of the S3 protocol, each a process of its own, for every test that wants one."""
