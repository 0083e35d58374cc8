"""skylog beside Apache Kafka: same machine, same run, same generators. `python -m peers --help`."""
