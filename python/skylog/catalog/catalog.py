"""The catalog: topics and configs as the coordinator holds them, kept in memory for everyone who reads.

Reading never waits. Changes go one at a time: memory and coordinator never see two of them cross. A change
whose outcome is unknown is followed by a look at what the coordinator holds, at once and once more a moment
later, for an answer that came too late may hide a change that still arrives.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from skylog.catalog.directory import Directory
from skylog.catalog.settings import Settings
from skylog.clock import Clock, Entropy
from skylog.config import TopicsConfig
from skylog.coordinator.base import Coordinator
from skylog.core import TopicTable
from skylog.errors import Conflict, NotFound, SkylogError, Unavailable
from skylog.model import ConfigChange, NewTopic, Topic, format_topic_id

log = logging.getLogger("skylog.catalog")

T = TypeVar("T")

CHANGES_MAX = 1_000
"""Changes that may wait for their turn."""
HEAL_SECONDS_FIRST = 1.0
HEAL_SECONDS_MAX = 10.0


class Catalog:
    """Topics by name and identity, fed to the parsers' `TopicTable`; the one way to change them.

    Nothing of it is lost in a crash: every change is durable in the coordinator before memory shows it.
    """

    def __init__(
        self,
        coordinator: Coordinator,
        table: TopicTable,
        config: TopicsConfig,
        clock: Clock,
        entropy: Entropy,
    ) -> None:
        self.settings = Settings(config)
        self._deletion_listeners: list[Callable[[bytes], None]] = []
        self._coordinator = coordinator
        self._table = table
        self._clock = clock
        self._entropy = entropy
        self._directory = Directory()
        self._turn = asyncio.Lock()
        self._waiting = 0
        self._running: asyncio.Task[object] | None = None
        self._healing: asyncio.Task[None] | None = None

    def __repr__(self) -> str:
        doubt = ", in doubt" if self._healing is not None else ""
        return f"Catalog({len(self._directory)} topics, {self._waiting} changes waiting{doubt})"

    def on_delete(self, listener: Callable[[bytes], None]) -> None:
        """Call `listener` with the identity of each topic that is gone, when it is gone from here."""
        self._deletion_listeners.append(listener)

    async def load(self) -> None:
        """Take everything as the coordinator holds it: 2 queries. Raises `Unavailable`."""
        async with self._turn:
            await self._load()

    async def close(self) -> None:
        """Let the change under way finish and stop looking after unknown outcomes."""
        if self._running is not None:
            await asyncio.wait([self._running])
        if self._healing is not None:
            self._healing.cancel()

    # Reading.

    def by_name(self, name: str) -> Topic | None:
        """Return the topic called `name`."""
        return self._directory.by_name(name)

    def by_id(self, topic_id: bytes) -> Topic | None:
        """Return the topic with this identity."""
        return self._directory.by_id(topic_id)

    def all(self) -> Sequence[Topic]:
        """Return every topic, by name."""
        return self._directory.all()

    def alike(self, name: str) -> str | None:
        """Return a topic whose name differs from `name` only in '.' and '_', if there is one."""
        return self._directory.alike(name)

    # Changing.

    def new_topic_id(self) -> bytes:
        """Return an identity for a new topic: a random UUID whose printed form does not begin with a dash.

        Kafka's command lines would take such a one for an option.
        """
        while True:
            identity = uuid.UUID(bytes=self._entropy.random_bytes(16), version=4).bytes
            if not format_topic_id(identity).startswith("-"):
                return identity

    async def change(self, work: Callable[[], Awaitable[T]], wait_ms: int) -> T:
        """Run `work` alone among all changes; it may look around and call the methods below.

        Once begun it runs to its end, even if the caller is cancelled: a change is never cut in two.

        Raises
        ------
        Unavailable
            After `wait_ms`, or at once when too many wait. Work that has begun by then goes on.
        """
        if self._waiting >= CHANGES_MAX:
            raise Unavailable(f"{self._waiting} changes of the catalog wait already")
        self._waiting += 1
        try:
            async with asyncio.timeout(wait_ms / 1000):
                await self._turn.acquire()
                task = asyncio.create_task(self._finish(work))
                self._running = task
                return await asyncio.shield(task)
        except TimeoutError as error:
            raise Unavailable(f"the catalog was not changed within {wait_ms} ms") from error
        finally:
            self._waiting -= 1

    async def _finish(self, work: Callable[[], Awaitable[T]]) -> T:
        try:
            return await work()
        finally:
            self._running = None
            self._turn.release()

    async def create(self, wishes: Sequence[NewTopic]) -> list[Topic | SkylogError]:
        """Create topics; `Conflict` for a name that exists. 1 query."""
        answers = await self._ask(self._coordinator.create_topics(wishes), len(wishes))
        self._take(answers)
        await self._compare(answers)
        return [
            (self.by_id(wish.topic_id) or answer) if isinstance(answer, Unavailable) else answer
            for wish, answer in zip(wishes, answers, strict=True)
        ]

    async def delete(self, topic_ids: Sequence[bytes]) -> list[SkylogError | None]:
        """Delete topics; they are gone for everyone at once. `NotFound`. 1 query."""
        answers = await self._ask(self._coordinator.delete_topics(topic_ids), len(topic_ids))
        for topic_id, answer in zip(topic_ids, answers, strict=True):
            if answer is None:
                self._drop(topic_id)
        await self._compare(answers)
        return [
            None if isinstance(answer, Unavailable) and self.by_id(topic_id) is None else answer
            for topic_id, answer in zip(topic_ids, answers, strict=True)
        ]

    async def grow(self, counts: Mapping[bytes, int]) -> list[Topic | SkylogError]:
        """Give topics more partitions; `Conflict` where it is not more, `NotFound`. 1 query."""
        answers = await self._ask(self._coordinator.create_partitions(counts), len(counts))
        self._take(answers)
        await self._compare(answers)
        return [
            self._grown(topic_id, count) or answer if isinstance(answer, Unavailable) else answer
            for (topic_id, count), answer in zip(counts.items(), answers, strict=True)
        ]

    async def alter(self, changes: Sequence[ConfigChange]) -> list[SkylogError | None]:
        """Set and remove explicit configs of topics and, with the name "", of all brokers. 1 query."""
        answers = await self._ask(self._coordinator.alter_configs(changes), len(changes))
        for change, answer in zip(changes, answers, strict=True):
            if answer is None:
                self._apply(change)
        await self._compare(answers)
        return [
            None if isinstance(answer, Unavailable) and self._holds(change) else answer
            for change, answer in zip(changes, answers, strict=True)
        ]

    # Keeping memory and coordinator together.

    async def _ask(self, call: Awaitable[list[T | SkylogError]], count: int) -> list[T | SkylogError]:
        assert self._turn.locked(), "changes go through `change`"
        try:
            return await call
        except Unavailable as error:
            log.warning("a change of the catalog has an unknown outcome: %s", error)
            return [error] * count

    async def _compare(self, answers: Sequence[object]) -> None:
        """Load anew where an answer says that memory is not what the coordinator holds, or may not be."""
        if any(isinstance(answer, Unavailable) for answer in answers):
            self._heal_later()
        elif not any(isinstance(answer, Conflict | NotFound) for answer in answers):
            return
        try:
            await self._load()
        except Unavailable as error:
            log.warning("the catalog could not be loaded anew: %s", error)
            self._heal_later()

    def _heal_later(self) -> None:
        if self._healing is None:
            self._healing = asyncio.create_task(self._heal())

    async def _heal(self) -> None:
        """Load anew until it works once."""
        pause = HEAL_SECONDS_FIRST
        while True:
            await self._clock.sleep(pause)
            try:
                async with self._turn:
                    await self._load()
                    self._healing = None
                    return
            except Exception:
                log.exception("the catalog could not be loaded anew; next try in %.0f s", pause)
            pause = min(2 * pause, HEAL_SECONDS_MAX)

    async def _load(self) -> None:
        topics = {topic.topic_id: topic for topic in await self._coordinator.list_topics()}
        brokers = await self._coordinator.load_configs("broker")
        self._replace_cluster(brokers.get("", {}))
        for topic in self.all():
            if topic.topic_id not in topics:
                self._drop(topic.topic_id)
        self._take(topic for topic in topics.values() if self.by_id(topic.topic_id) != topic)

    # Memory. Nothing below waits, so no reader sees half of a change.

    def _take(self, answers: Iterable[object]) -> None:
        for answer in answers:
            if isinstance(answer, Topic):
                self._directory.put(answer)
                self._teach(answer)

    def _teach(self, topic: Topic) -> None:
        rules = self.settings.rules(topic.configs)
        self._table.put(
            topic.topic_id,
            topic.name,
            topic.partitions,
            batch_bytes_max=rules.batch_bytes_max,
            log_append_time=rules.log_append_time,
            compacted=rules.compacted,
            timestamp_before_ms_max=rules.timestamp_before_ms_max,
            timestamp_after_ms_max=rules.timestamp_after_ms_max,
        )

    def _drop(self, topic_id: bytes) -> None:
        if self._directory.remove(topic_id) is None:
            return
        self._table.remove(topic_id)
        for listener in self._deletion_listeners:
            listener(topic_id)

    def _grown(self, topic_id: bytes, count: int) -> Topic | None:
        topic = self.by_id(topic_id)
        return topic if topic is not None and topic.partitions == count else None

    def _explicit(self, change: ConfigChange) -> Mapping[str, str]:
        if change.kind == "broker":
            return self.settings.cluster
        topic = self.by_name(change.name)
        return {} if topic is None else topic.configs

    def _holds(self, change: ConfigChange) -> bool:
        explicit = self._explicit(change)
        return all(explicit.get(key) == value for key, value in change.values.items())

    def _apply(self, change: ConfigChange) -> None:
        merged = {**self._explicit(change), **change.values}
        values = {key: value for key, value in merged.items() if value is not None}
        topic = self.by_name(change.name)
        if change.kind == "broker":
            self._replace_cluster(values)
        elif topic is not None:
            self._take([replace(topic, configs=values)])

    def _replace_cluster(self, values: Mapping[str, str]) -> None:
        if values == self.settings.cluster:
            return
        self.settings.replace_cluster(values)
        for topic in self.all():
            self._teach(topic)
