"""CreateTopics."""

from __future__ import annotations

from collections.abc import Mapping

from skylog.catalog.catalog import Catalog
from skylog.catalog.changing import change_each
from skylog.catalog.entries import Form, TopicEntries
from skylog.catalog.planning import Planner
from skylog.catalog.verdicts import bounded, repeated, verdict
from skylog.errors import SkylogError
from skylog.model import NO_TOPIC_ID, NewTopic, Topic
from skylog.wire.codes import ErrorCode, KafkaError
from skylog.wire.exchange import Body, Handler, Request
from skylog.wire.throttling import Mutations

CREATE_TOPICS = 19
REPLICATION_FACTOR = 1
"""What is shown: one replica, the broker asked."""


class CreationHandler:
    """Creates topics: 1 query for all of a request, durable before the answer."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def handlers(self) -> dict[int, Handler]:
        """Return the handlers by api key."""
        return {CREATE_TOPICS: self.create_topics}

    async def create_topics(self, request: Request) -> Body:
        """Answer CreateTopics v2-v7. A name that stands twice gets one answer, an error."""
        body = request.body
        wishes = {wish["name"]: wish for wish in bounded(body["topics"], "topics")}
        twice = repeated(wish["name"] for wish in body["topics"])

        async def work() -> dict[str, Topic | SkylogError]:
            plans = self._plan(wishes, twice, request.mutations)
            return await self._make(plans, body["validate_only"])

        outcomes = await change_each(self._catalog, wishes, work, body["timeout_ms"])
        entries = TopicEntries(self._catalog.settings, Form(described=False))
        return {"topics": [_row(name, outcomes[name], entries) for name in wishes]}

    def _plan(
        self, wishes: Mapping[str, Body], twice: set[str], mutations: Mutations
    ) -> dict[str, NewTopic | SkylogError]:
        planner = Planner(self._catalog)
        plans: dict[str, NewTopic | SkylogError] = {}
        for name, wish in wishes.items():
            try:
                if name in twice:
                    raise KafkaError(ErrorCode.INVALID_REQUEST, "Duplicate topic name.")
                plan = planner.plan(wish)
                mutations.take(plan.partitions)
                plans[name] = plan
            except SkylogError as error:
                plans[name] = error
        return plans

    async def _make(
        self, plans: Mapping[str, NewTopic | SkylogError], validate_only: bool
    ) -> dict[str, Topic | SkylogError]:
        news = [plan for plan in plans.values() if isinstance(plan, NewTopic)]
        made: list[Topic | SkylogError] = []
        if validate_only:
            made.extend(Topic(NO_TOPIC_ID, new.name, new.partitions, new.configs) for new in news)
        elif news:
            made = await self._catalog.create(news)
        made_in_turn = iter(made)
        return {
            name: next(made_in_turn) if isinstance(plan, NewTopic) else plan for name, plan in plans.items()
        }


def _row(name: str, outcome: Topic | SkylogError, entries: TopicEntries) -> Body:
    code, message = verdict(outcome, ErrorCode.TOPIC_ALREADY_EXISTS)
    row: Body = {
        "name": name,
        "topic_id": NO_TOPIC_ID,
        "error_code": code,
        "error_message": message,
        "topic_config_error_code": ErrorCode.NONE,
        "num_partitions": -1,
        "replication_factor": -1,
        "configs": [],
    }
    if isinstance(outcome, Topic):
        row["topic_id"] = outcome.topic_id
        row["num_partitions"] = outcome.partitions
        row["replication_factor"] = REPLICATION_FACTOR
        row["configs"] = entries.of(outcome.configs)
    return row
