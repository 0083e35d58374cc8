"""kcat, as Debian ships it on a librdkafka of 2023: named scenarios of what people do with it."""

from compat.suites.kcat.suite import SUITE

__all__ = ["SUITE"]
