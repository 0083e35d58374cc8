"""``skylog cost``: what a month costs, beside a Kafka that replicates."""
