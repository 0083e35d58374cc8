"""Bad input of every kind: each sender gets its Kafka error or a closed connection, nobody else notices."""
