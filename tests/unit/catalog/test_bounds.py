"""What one request may cost, whatever it asks for."""

from typing import Any

import pytest

from catalog.conftest import NewRoom
from catalog.room import (
    CREATE_PARTITIONS,
    CREATE_TOPICS,
    DELETE_TOPICS,
    DESCRIBE_CONFIGS,
    FIND_COORDINATOR,
    INCREMENTAL_ALTER_CONFIGS,
    METADATA,
    NO_ID,
    Room,
)
from skylog.catalog import verdicts
from skylog.config import TopicsConfig
from skylog.errors import InvalidRequest

NAMES = ["a", "b", "c"]
TOPIC = 2

LISTS: list[tuple[int, int, dict[str, Any]]] = [
    (METADATA, 13, {"topics": [{"name": name, "topic_id": NO_ID} for name in NAMES]}),
    (
        CREATE_TOPICS,
        7,
        {
            "topics": [
                {"name": name, "num_partitions": 1, "replication_factor": 1, "assignments": [], "configs": []}
                for name in NAMES
            ],
            "timeout_ms": 1_000,
        },
    ),
    (DELETE_TOPICS, 5, {"topic_names": NAMES, "timeout_ms": 1_000}),
    (
        DELETE_TOPICS,
        6,
        {"topics": [{"name": name, "topic_id": NO_ID} for name in NAMES], "timeout_ms": 1_000},
    ),
    (
        CREATE_PARTITIONS,
        3,
        {
            "topics": [{"name": name, "count": 2, "assignments": None} for name in NAMES],
            "timeout_ms": 1_000,
            "validate_only": False,
        },
    ),
    (
        DESCRIBE_CONFIGS,
        4,
        {
            "resources": [
                {"resource_type": TOPIC, "resource_name": name, "configuration_keys": None} for name in NAMES
            ]
        },
    ),
    (
        INCREMENTAL_ALTER_CONFIGS,
        1,
        {
            "resources": [{"resource_type": TOPIC, "resource_name": name, "configs": []} for name in NAMES],
            "validate_only": False,
        },
    ),
    (FIND_COORDINATOR, 6, {"key_type": 0, "coordinator_keys": NAMES}),
]


@pytest.mark.parametrize(("api_key", "version", "body"), LISTS)
async def test_every_list_has_a_bound(
    room: Room, monkeypatch: pytest.MonkeyPatch, api_key: int, version: int, body: dict[str, Any]
) -> None:
    monkeypatch.setattr(verdicts, "ITEMS_MAX", 3)
    await room.ask(api_key, version, **body)
    monkeypatch.setattr(verdicts, "ITEMS_MAX", 2)
    with pytest.raises(InvalidRequest, match="at most 2, found 3"):
        await room.ask(api_key, version, **body)


async def test_rows_that_many_topics_share_are_made_once(new_room: NewRoom) -> None:
    room = await new_room(topics=TopicsConfig(num_partitions=2))
    await room.make("a", 2)
    await room.make("b", 2, retention_ms="1")
    resources = [
        {"resource_type": TOPIC, "resource_name": name, "configuration_keys": None}
        for name in ("a", "b", "a")
    ]
    answer = await room.answer(DESCRIBE_CONFIGS, 4, resources=resources)
    a, b = (result["configs"] for result in answer["results"])
    assert [row["name"] for row, other in zip(a, b, strict=True) if row is not other] == ["retention.ms"]
    answer = await room.answer(METADATA, 13, topics=None)
    a, b = (topic["partitions"] for topic in answer["topics"])
    assert [row is other for row, other in zip(a, b, strict=True)] == [True, True]
