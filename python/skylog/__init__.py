"""skylog: a diskless, Kafka-compatible broker; the log lives in object storage."""

from skylog.config import Config
from skylog.embedded import EmbeddedBroker as Broker

__version__ = "0.1.0"

__all__ = ["Broker", "Config", "__version__"]
