"""Bulk work with any Kafka broker: columns in, columns out, over Kafka's own protocol.

`produce` writes tables, `fetch` and `iter_fetch` read them. Below them `Producer` and `Fetcher` move record
batches as they are, for load generators and copies that need no records. Connections are plain text, or TLS
with an `ssl.SSLContext`; there is no SASL.
"""

from skylog.bulk.cluster import Cluster, Topic
from skylog.bulk.cursor import Fetched
from skylog.bulk.delivery import Delivery
from skylog.bulk.fetcher import Fetcher
from skylog.bulk.fetching import COLUMNS, fetch, iter_fetch
from skylog.bulk.outbox import Written
from skylog.bulk.positions import Isolation, Position, Positions
from skylog.bulk.producer import Producer
from skylog.bulk.progress import Progress
from skylog.bulk.reading import Answer, Reading
from skylog.bulk.window import Acknowledged
from skylog.bulk.writing import Produced, produce

__all__ = [
    "COLUMNS",
    "Acknowledged",
    "Answer",
    "Cluster",
    "Delivery",
    "Fetched",
    "Fetcher",
    "Isolation",
    "Position",
    "Positions",
    "Produced",
    "Producer",
    "Progress",
    "Reading",
    "Topic",
    "Written",
    "fetch",
    "iter_fetch",
    "produce",
]
