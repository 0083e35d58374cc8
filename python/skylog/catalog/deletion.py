"""DeleteTopics."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from skylog.catalog.catalog import Catalog
from skylog.catalog.changing import change_each
from skylog.catalog.definitions import shortened
from skylog.catalog.verdicts import bounded, repeated, verdict
from skylog.errors import SkylogError
from skylog.model import NO_TOPIC_ID, Topic, format_topic_id
from skylog.wire.codes import ErrorCode, KafkaError
from skylog.wire.exchange import Body, Handler, Request
from skylog.wire.throttling import Mutations

DELETE_TOPICS = 20

Wish: TypeAlias = tuple[str | None, bytes]
"""A topic by name or by identity; the other is missing."""


class DeletionHandler:
    """Deletes topics: 1 query for all of a request; gone for everyone when it is answered."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def handlers(self) -> dict[int, Handler]:
        """Return the handlers by api key."""
        return {DELETE_TOPICS: self.delete_topics}

    async def delete_topics(self, request: Request) -> Body:
        """Answer DeleteTopics v1-v6: by name, from v6 on also by identity."""
        wishes = _wishes(request)
        distinct = list(dict.fromkeys(wishes))

        async def work() -> dict[Wish, Topic | SkylogError]:
            return await self._delete(distinct, repeated(wishes), request.mutations)

        outcomes = await change_each(self._catalog, distinct, work, request.body["timeout_ms"])
        return {"responses": [_row(wish, outcomes[wish]) for wish in distinct]}

    async def _delete(
        self, wishes: Sequence[Wish], twice: set[Wish], mutations: Mutations
    ) -> dict[Wish, Topic | SkylogError]:
        outcomes: dict[Wish, Topic | SkylogError] = {}
        named: set[bytes] = set()
        for wish in wishes:
            try:
                topic = self._find(wish, wish in twice)
                if topic.topic_id in named:
                    raise KafkaError(ErrorCode.INVALID_REQUEST, "The topic is named by name and by id.")
                mutations.take(topic.partitions)
                named.add(topic.topic_id)
                outcomes[wish] = topic
            except SkylogError as error:
                outcomes[wish] = error
        found = {wish: outcome for wish, outcome in outcomes.items() if isinstance(outcome, Topic)}
        answers = await self._catalog.delete([topic.topic_id for topic in found.values()]) if found else []
        for wish, answer in zip(found, answers, strict=True):
            if answer is not None:
                outcomes[wish] = answer
        return outcomes

    def _find(self, wish: Wish, twice: bool) -> Topic:
        name, topic_id = wish
        if twice:
            raise KafkaError(ErrorCode.INVALID_REQUEST, "Duplicate topic.")
        if (name is None) == (topic_id == NO_TOPIC_ID):
            raise KafkaError(ErrorCode.INVALID_REQUEST, "Name a topic by its name or by its id, not by both.")
        topic = self._catalog.by_id(topic_id) if name is None else self._catalog.by_name(name)
        if topic is not None:
            return topic
        if name is None:
            raise KafkaError(ErrorCode.UNKNOWN_TOPIC_ID, f"There is no topic {format_topic_id(topic_id)}")
        raise KafkaError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, f"There is no topic '{shortened(name)}'")


def _wishes(request: Request) -> list[Wish]:
    if request.version < 6:
        return [(name, NO_TOPIC_ID) for name in bounded(request.body["topic_names"], "topics")]
    return [(wish["name"], wish["topic_id"]) for wish in bounded(request.body["topics"], "topics")]


def _row(wish: Wish, outcome: Topic | SkylogError) -> Body:
    code, message = verdict(outcome)
    name, topic_id = (outcome.name, outcome.topic_id) if isinstance(outcome, Topic) else wish
    return {"name": name, "topic_id": topic_id, "error_code": code, "error_message": message}
