"""Which names a topic may have."""

from __future__ import annotations

import re

from skylog.wire.codes import ErrorCode, KafkaError

NAME_CHARACTERS_MAX = 249
_LEGAL = re.compile(r"[a-zA-Z0-9._-]+")

RESERVED_NAMES = frozenset({"__consumer_offsets", "__transaction_state", "__share_group_state"})
"""Where Kafka keeps what skylog keeps in its coordinator. Tools look for them; looking creates none."""


QUORUM_NAME = "__cluster_metadata"
"""What Kafka calls the log of its controllers. Kafka lets nobody have a topic of that name."""


def check_topic_name(name: str) -> None:
    """Raise `KafkaError` with INVALID_TOPIC_EXCEPTION unless `name` may name a topic."""
    reason = _fault(name)
    if reason is not None:
        raise KafkaError(ErrorCode.INVALID_TOPIC_EXCEPTION, f"Topic name is invalid: {reason}")


def _fault(name: str) -> str | None:
    if not name:
        return "it is empty"
    if name in {".", ".."}:
        return f"it may not be {name!r}"
    if len(name) > NAME_CHARACTERS_MAX:
        return f"it has {len(name)} characters, {NAME_CHARACTERS_MAX} are allowed"
    if _LEGAL.fullmatch(name) is None:
        return f"{name!r} has characters other than ASCII letters, digits, '.', '_' and '-'"
    return None


def folded(name: str) -> str:
    """Return `name` as metrics write it, which do not tell '.' from '_'."""
    return name.replace(".", "_")
