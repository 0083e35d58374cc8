"""DescribeLogDirs: all partitions lie in one directory, the object store."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from skylog.catalog.catalog import Catalog
from skylog.config import Config
from skylog.coordinator.base import Coordinator
from skylog.errors import SkylogError
from skylog.model import Topic
from skylog.wire.codes import ErrorCode, code_of
from skylog.wire.exchange import Body, Handler, Request

DESCRIBE_LOG_DIRS = 35

UNKNOWN_BYTES = -1
"""A store has no size, and a directory shares its disk with others."""


def log_dir(config: Config) -> str:
    """Return its name: the store's address without the parameters, which say how to talk to it."""
    return config.store.partition("?")[0]


class LogDirsHandler:
    """Says how many bytes of the store belong to which partition: 1 query for 10,000 of them."""

    def __init__(self, catalog: Catalog, coordinator: Coordinator, config: Config) -> None:
        self._catalog = catalog
        self._coordinator = coordinator
        self._log_dir = log_dir(config)

    def handlers(self) -> dict[int, Handler]:
        """Return the handlers by api key."""
        return {DESCRIBE_LOG_DIRS: self.describe_log_dirs}

    async def describe_log_dirs(self, request: Request) -> Body:
        """Answer DescribeLogDirs v1-v5. What is not there is left out, and each partition is named once."""
        wanted = self._wanted(request.body["topics"])
        logs = [(topic.topic_id, index) for topic, indexes in wanted for index in indexes]
        try:
            sizes = iter(await self._coordinator.log_sizes(logs))
        except SkylogError as error:
            found = self._dir(code_of(error), [])
        else:
            topics = [_topic_row(topic, zip(indexes, sizes, strict=False)) for topic, indexes in wanted]
            found = self._dir(ErrorCode.NONE, topics)
        return {"error_code": ErrorCode.NONE, "results": [found]}

    def _wanted(self, asked: Sequence[Body] | None) -> list[tuple[Topic, Sequence[int]]]:
        """Return the partitions that are there by topic; None asks for all."""
        if asked is None:
            return [(topic, range(topic.partitions)) for topic in self._catalog.all()]
        wanted: dict[str, dict[int, None]] = {}
        for each in asked:
            wanted.setdefault(each["topic"], {}).update(dict.fromkeys(each["partitions"]))
        found = ((self._catalog.by_name(name), indexes) for name, indexes in wanted.items())
        known = [
            (topic, [index for index in indexes if 0 <= index < topic.partitions])
            for topic, indexes in found
            if topic is not None
        ]
        return [(topic, indexes) for topic, indexes in known if indexes]

    def _dir(self, code: ErrorCode, topics: Sequence[Body]) -> Body:
        return {
            "error_code": code,
            "log_dir": self._log_dir,
            "topics": topics,
            "total_bytes": UNKNOWN_BYTES,
            "usable_bytes": UNKNOWN_BYTES,
            "is_cordoned": False,
        }


def _topic_row(topic: Topic, sizes: Iterable[tuple[int, int | None]]) -> Body:
    partitions = [
        {"partition_index": index, "partition_size": size, "offset_lag": 0, "is_future_key": False}
        for index, size in sizes
        if size is not None
    ]
    return {"name": topic.name, "partitions": partitions}
