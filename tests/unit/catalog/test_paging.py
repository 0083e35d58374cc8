"""DescribeTopicPartitions as clients see it."""

from __future__ import annotations

from typing import Any

import pytest

from catalog.room import DESCRIBE_TOPIC_PARTITIONS, NO_ID, Room
from skylog.catalog import paging
from skylog.model import ClusterView, Node
from skylog.wire.codes import ErrorCode

ALL_OPERATIONS, NOT_SAID = 3576, -(2**31)

Page = tuple[list[tuple[str, list[int]]], tuple[str, int] | None]


async def ask(
    room: Room, *names: str, limit: int = 2_000, cursor: tuple[str, int] | None = None
) -> dict[str, Any]:
    place = None if cursor is None else {"topic_name": cursor[0], "partition_index": cursor[1]}
    return await room.ask(
        DESCRIBE_TOPIC_PARTITIONS,
        0,
        topics=[{"name": name} for name in names],
        response_partition_limit=limit,
        cursor=place,
    )


async def page(room: Room, *names: str, limit: int = 2_000, cursor: tuple[str, int] | None = None) -> Page:
    answer = await ask(room, *names, limit=limit, cursor=cursor)
    after = answer["next_cursor"]
    shown = [
        (row["name"], [part["partition_index"] for part in row["partitions"]]) for row in answer["topics"]
    ]
    return shown, after and (after["topic_name"], after["partition_index"])


async def errors(
    room: Room, *names: str, cursor: tuple[str, int] | None = None
) -> list[tuple[str, str, int]]:
    answer = await ask(room, *names, cursor=cursor)
    assert answer["next_cursor"] is None
    assert all(row["partitions"] == [] for row in answer["topics"] if row["error_code"])
    return [
        (row["name"], ErrorCode(row["error_code"]).name, row["topic_authorized_operations"])
        for row in answer["topics"]
    ]


@pytest.fixture
async def filled(room: Room) -> Room:
    for name, partitions in (("c", 5), ("a", 3), ("b", 2)):
        await room.make(name, partitions)
    return room


async def test_a_topic_and_its_partitions(room: Room) -> None:
    topic = await room.make("a", 2)
    room.view = ClusterView("C", (Node(7, "y", 2),), 7)
    (row,) = (await ask(room, "a"))["topics"]
    partitions = row.pop("partitions")
    assert row == {
        "error_code": 0,
        "name": "a",
        "topic_id": topic.topic_id,
        "is_internal": False,
        "topic_authorized_operations": ALL_OPERATIONS,
    }
    assert partitions == [
        {
            "error_code": 0,
            "partition_index": index,
            "leader_id": 7,
            "leader_epoch": 0,
            "replica_nodes": [7],
            "isr_nodes": [7],
            "eligible_leader_replicas": [],
            "last_known_elr": [],
            "offline_replicas": [],
        }
        for index in range(2)
    ]


async def test_topics_come_by_name_each_once(filled: Room) -> None:
    everything = [("a", [0, 1, 2]), ("b", [0, 1]), ("c", [0, 1, 2, 3, 4])]
    assert await page(filled) == (everything, None)
    assert await page(filled, "b", "c", "b", "a") == (everything, None)
    assert await page(filled, "c") == (everything[2:], None)


@pytest.mark.parametrize(
    ("limit", "shown", "after"),
    [
        (4, [("a", [0, 1, 2]), ("b", [0])], ("b", 1)),
        (3, [("a", [0, 1, 2])], ("b", 0)),
        (1, [("a", [0])], ("a", 1)),
        (0, [("a", [0])], ("a", 1)),
        (-1, [("a", [0])], ("a", 1)),
        (5, [("a", [0, 1, 2]), ("b", [0, 1])], ("c", 0)),
        (2**31 - 1, [("a", [0, 1, 2]), ("b", [0, 1]), ("c", [0, 1, 2, 3, 4])], None),
    ],
)
async def test_a_page_ends_at_its_limit(
    filled: Room, limit: int, shown: list[tuple[str, list[int]]], after: tuple[str, int] | None
) -> None:
    assert await page(filled, limit=limit) == await page(filled, *"abc", limit=limit) == (shown, after)


@pytest.mark.parametrize("limit", range(1, 12))
@pytest.mark.parametrize("names", ["", "abcd"])
async def test_pages_show_every_partition_once(filled: Room, limit: int, names: str) -> None:
    seen: list[tuple[str, int]] = []
    cursor: tuple[str, int] | None = None
    for _ in range(12):
        shown, cursor = await page(filled, *names, limit=limit, cursor=cursor)
        assert sum(len(indexes) for _, indexes in shown) <= limit
        seen += [(name, index) for name, indexes in shown for index in indexes]
        if cursor is None:
            break
    assert cursor is None
    assert seen == [(name, index) for name, count in (("a", 3), ("b", 2), ("c", 5)) for index in range(count)]


async def test_no_page_is_larger_than_the_broker_allows(
    filled: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paging, "PARTITIONS_MAX", 4)
    assert await page(filled, limit=1_000) == ([("a", [0, 1, 2]), ("b", [0])], ("b", 1))


async def test_a_topic_of_many_partitions_is_paged(room: Room) -> None:
    await room.make("a", 4_500)
    sizes, cursor = [], None
    while cursor or not sizes:
        shown, cursor = await page(room, "a", limit=2**31 - 1, cursor=cursor)
        sizes.append(len(shown[0][1]))
    assert sizes == [2_000, 2_000, 500]


@pytest.mark.parametrize(
    ("cursor", "shown"),
    [
        (("b", 1), [("b", [1]), ("c", [0, 1, 2, 3, 4])]),
        (("b", 2), [("b", []), ("c", [0, 1, 2, 3, 4])]),
        (("b", 2**31 - 1), [("b", []), ("c", [0, 1, 2, 3, 4])]),
        (("c", 4), [("c", [4])]),
    ],
)
async def test_a_cursor_says_where_to_go_on(
    filled: Room, cursor: tuple[str, int], shown: list[tuple[str, list[int]]]
) -> None:
    assert await page(filled, cursor=cursor) == await page(filled, *"abc", cursor=cursor) == (shown, None)


async def test_a_cursor_at_a_topic_that_is_gone(filled: Room) -> None:
    rest = [("b", [0, 1]), ("c", [0, 1, 2, 3, 4])]
    assert await page(filled, cursor=("aa", 1)) == (rest, None)
    assert await page(filled, cursor=("d", 0)) == ([], None)
    assert await page(filled, "a", "aa", "b", "c", cursor=("aa", 1)) == ([("aa", []), *rest], None)


@pytest.mark.parametrize("cursor", [("b", -1), ("aa", 0), ("", 0), ("d", 0)])
async def test_a_cursor_that_points_nowhere(filled: Room, cursor: tuple[str, int]) -> None:
    refused = [(name, "INVALID_REQUEST", NOT_SAID) for name in "ac"]
    assert await errors(filled, "c", "a", cursor=cursor) == refused


async def test_a_negative_cursor_into_all_topics_shows_nothing(filled: Room) -> None:
    assert await page(filled, cursor=("b", -1)) == ([], None)


async def test_topics_that_are_not_there(room: Room) -> None:
    await room.make("b")
    assert await errors(room, "c", "b", "no good", "") == [
        ("", "INVALID_TOPIC_EXCEPTION", ALL_OPERATIONS),
        ("b", "NONE", ALL_OPERATIONS),
        ("c", "UNKNOWN_TOPIC_OR_PARTITION", ALL_OPERATIONS),
        ("no good", "INVALID_TOPIC_EXCEPTION", ALL_OPERATIONS),
    ]
    (row,) = (await ask(room, "c"))["topics"]
    assert (row["topic_id"], row["is_internal"]) == (NO_ID, False)
    assert await room.coordinator.list_topics() == list(room.catalog.all())


async def test_unknown_topics_take_no_place_and_wait_for_their_page(filled: Room) -> None:
    assert await page(filled, "A", "B", "a", limit=1) == ([("A", []), ("B", []), ("a", [0])], ("a", 1))
    assert await page(filled, "a", "zz", limit=3) == ([("a", [0, 1, 2])], ("zz", 0))
    assert await page(filled, "a", "zz", limit=3, cursor=("zz", 0)) == ([("zz", [])], None)
