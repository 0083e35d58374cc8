"""skylog: a diskless, Kafka-compatible broker; the log lives in object storage."""

from typing import TYPE_CHECKING

from skylog.config import Config

if TYPE_CHECKING:
    from skylog.embedded import EmbeddedBroker as Broker

__version__ = "0.1.0"

__all__ = ["Broker", "Config", "__version__"]


def __getattr__(name: str) -> object:
    """Import the broker when it is asked for: tools that only embed the core do not pay for it."""
    if name == "Broker":
        from skylog.embedded import EmbeddedBroker

        return EmbeddedBroker
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
