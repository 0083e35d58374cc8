"""Which topics the members of a group are subscribed to, as far as their metadata says."""

from __future__ import annotations

from functools import cache
from typing import Final

from skylog.errors import InvalidRequest
from skylog.groups.classic import ClassicGroup
from skylog.wire.codec import memory_bytes
from skylog.wire.compiler import Decoder
from skylog.wire.decoding import compile_decoder
from skylog.wire.schemas import CONSUMER_PROTOCOL_SUBSCRIPTION

PROTOCOL_TYPE: Final = "consumer"
"""What consumers call their protocol; the metadata of others (Connect, schema registries) is their own."""

VERSION_BYTES: Final = 2


def subscribed_topics(group: ClassicGroup) -> frozenset[str] | None:
    """Return the topics that the present or last generation reads; None if that cannot be told.

    As in Kafka it is the generation that counts: who is about to join has no part in it yet.
    """
    if group.subscriptions is None:
        return None
    try:
        return frozenset(topic for metadata in group.subscriptions for topic in _topics(metadata))
    except InvalidRequest:
        return None


def _topics(metadata: bytes) -> list[str]:
    # All versions begin as version 0 does, whatever the first two bytes say; Kafka reads no further either.
    topics: list[str] = _decoder()(metadata, VERSION_BYTES, memory_bytes(len(metadata)))[0]["topics"]
    return topics


@cache
def _decoder() -> Decoder:
    return compile_decoder(CONSUMER_PROTOCOL_SUBSCRIPTION(), 0)
