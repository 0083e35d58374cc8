"""``skylog bench log``: the whole way of records at a given rate, through any Kafka broker."""
