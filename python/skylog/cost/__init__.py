"""What a log costs a month: a model of requests, bytes and dollars. Nothing here reads, writes or waits."""
