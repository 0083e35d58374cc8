"""Topics in memory: by name, by identity, in order of names, and by names that look alike in metrics."""

from __future__ import annotations

from collections.abc import Sequence

from skylog.catalog.names import folded
from skylog.model import Topic


class Directory:
    """What is known of topics now; changed only by the catalog that owns it."""

    def __init__(self) -> None:
        self._by_id: dict[bytes, Topic] = {}
        self._by_name: dict[str, Topic] = {}
        self._alike: dict[str, set[str]] = {}
        self._ordered: tuple[Topic, ...] | None = ()

    def __len__(self) -> int:
        return len(self._by_id)

    def by_name(self, name: str) -> Topic | None:
        """Return the topic called `name`."""
        return self._by_name.get(name)

    def by_id(self, topic_id: bytes) -> Topic | None:
        """Return the topic with this identity."""
        return self._by_id.get(topic_id)

    def all(self) -> Sequence[Topic]:
        """Return every topic, by name; sorted once after a change."""
        if self._ordered is None:
            self._ordered = tuple(self._by_name[name] for name in sorted(self._by_name))
        return self._ordered

    def alike(self, name: str) -> str | None:
        """Return a topic whose name differs from `name` only in '.' and '_', if there is one."""
        others = self._alike.get(folded(name), set()) - {name}
        return min(others) if others else None

    def put(self, topic: Topic) -> None:
        """Take in a topic, or its newer form."""
        self._by_id[topic.topic_id] = topic
        self._by_name[topic.name] = topic
        self._alike.setdefault(folded(topic.name), set()).add(topic.name)
        self._ordered = None

    def remove(self, topic_id: bytes) -> Topic | None:
        """Forget a topic and return it."""
        topic = self._by_id.pop(topic_id, None)
        if topic is None:
            return None
        # A topic made anew under the same name may have taken the place already.
        if self._by_name[topic.name].topic_id == topic_id:
            self._forget_name(topic.name)
        self._ordered = None
        return topic

    def _forget_name(self, name: str) -> None:
        del self._by_name[name]
        names = self._alike[folded(name)]
        names.discard(name)
        if not names:
            del self._alike[folded(name)]
