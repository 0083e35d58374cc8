"""Topics for tests, made and changed with confluent's admin client."""

from __future__ import annotations

from collections.abc import Mapping

from confluent_kafka.admin import AdminClient, NewTopic

from clients.seeds import unique

WAIT_SECONDS = 20.0


def admin_of(bootstrap: str) -> AdminClient:
    """Return confluent's admin client."""
    return AdminClient({"bootstrap.servers": bootstrap})


def create_topic(
    bootstrap: str, prefix: str = "topic", *, partitions: int = 1, configs: Mapping[str, str] | None = None
) -> str:
    """Create a topic under a new name and return the name."""
    name = unique(prefix)
    new = NewTopic(name, partitions, 1, config=dict(configs or {}))
    admin = admin_of(bootstrap)
    admin.create_topics([new], request_timeout=WAIT_SECONDS)[name].result(WAIT_SECONDS)
    return name
