"""What has configs."""

from __future__ import annotations

from enum import IntEnum


class ResourceType(IntEnum):
    """Kafka's numbers of what has configs."""

    TOPIC = 2
    BROKER = 4
    BROKER_LOGGER = 8
    CLIENT_METRICS = 16
    GROUP = 32
