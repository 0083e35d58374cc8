"""What one request may cost, whatever it asks for."""

from typing import Any

import pytest

from catalog.conftest import NewRoom
from catalog.room import (
    ALTER_CONFIGS,
    ALTER_PARTITION_REASSIGNMENTS,
    ALTER_REPLICA_LOG_DIRS,
    CREATE_ACLS,
    CREATE_PARTITIONS,
    CREATE_TOPICS,
    DELETE_ACLS,
    DELETE_TOPICS,
    DESCRIBE_CONFIGS,
    DESCRIBE_QUORUM,
    DESCRIBE_TOPIC_PARTITIONS,
    ELECT_LEADERS,
    FIND_COORDINATOR,
    INCREMENTAL_ALTER_CONFIGS,
    LIST_CONFIG_RESOURCES,
    LIST_PARTITION_REASSIGNMENTS,
    METADATA,
    NO_ID,
    UPDATE_FEATURES,
    Room,
)
from skylog.catalog import verdicts
from skylog.config import TopicsConfig
from skylog.errors import InvalidRequest

NAMES = ["a", "b", "c"]
TOPIC = 2

RULE = {
    "resource_type": TOPIC,
    "resource_name": "a",
    "resource_pattern_type": 3,
    "principal": "User:x",
    "host": "*",
    "operation": 3,
    "permission_type": 3,
}
RULE_FILTER = {
    "resource_type_filter": 1,
    "resource_name_filter": None,
    "pattern_type_filter": 1,
    "principal_filter": None,
    "host_filter": None,
    "operation": 1,
    "permission_type": 1,
}

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
    (
        ALTER_CONFIGS,
        2,
        {
            "resources": [{"resource_type": TOPIC, "resource_name": name, "configs": []} for name in NAMES],
            "validate_only": False,
        },
    ),
    (DESCRIBE_TOPIC_PARTITIONS, 0, {"topics": [{"name": name} for name in NAMES]}),
    (LIST_CONFIG_RESOURCES, 1, {"resource_types": [2, 4, 2]}),
    (ELECT_LEADERS, 2, {"topic_partitions": [{"topic": name, "partitions": []} for name in NAMES]}),
    (ELECT_LEADERS, 2, {"topic_partitions": [{"topic": "a", "partitions": [0, 0, 0]}]}),
    (
        LIST_PARTITION_REASSIGNMENTS,
        0,
        {"topics": [{"name": name, "partition_indexes": []} for name in NAMES]},
    ),
    (LIST_PARTITION_REASSIGNMENTS, 0, {"topics": [{"name": "a", "partition_indexes": [0, 1, 2]}]}),
    (
        ALTER_PARTITION_REASSIGNMENTS,
        1,
        {"topics": [{"name": name, "partitions": []} for name in NAMES]},
    ),
    (
        ALTER_PARTITION_REASSIGNMENTS,
        1,
        {"topics": [{"name": "a", "partitions": [{"partition_index": index} for index in range(3)]}]},
    ),
    (ALTER_REPLICA_LOG_DIRS, 2, {"dirs": [{"path": name, "topics": []} for name in NAMES]}),
    (
        ALTER_REPLICA_LOG_DIRS,
        2,
        {"dirs": [{"path": "x", "topics": [{"name": name, "partitions": []} for name in NAMES]}]},
    ),
    (
        ALTER_REPLICA_LOG_DIRS,
        2,
        {
            "dirs": [
                {"path": path, "topics": [{"name": "a", "partitions": indexes}]}
                for path, indexes in (("x", [0, 1]), ("y", [0]))
            ]
        },
    ),
    (DESCRIBE_QUORUM, 2, {"topics": [{"topic_name": name, "partitions": []} for name in NAMES]}),
    (
        DESCRIBE_QUORUM,
        2,
        {"topics": [{"topic_name": "a", "partitions": [{"partition_index": index} for index in range(3)]}]},
    ),
    (UPDATE_FEATURES, 2, {"feature_updates": [{"feature": name, "max_version_level": 1} for name in NAMES]}),
    (CREATE_ACLS, 3, {"creations": [RULE] * 3}),
    (DELETE_ACLS, 3, {"filters": [RULE_FILTER] * 3}),
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


async def test_topics_that_set_nothing_share_all_rows(room: Room) -> None:
    for name in "ab":
        await room.make(name)
    resources = [{"resource_type": TOPIC, "resource_name": name, "configuration_keys": None} for name in "ab"]
    a, b = (await room.answer(DESCRIBE_CONFIGS, 4, resources=resources))["results"]
    assert a["configs"] is b["configs"]
