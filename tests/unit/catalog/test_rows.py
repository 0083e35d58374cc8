"""Rows of topics that answers share."""

from __future__ import annotations

import pytest

from skylog.catalog import rows as module
from skylog.catalog.rows import TopicRows, metadata_row
from skylog.model import Topic


def topic(name: str, partitions: int) -> Topic:
    return Topic(name.encode() * 16, name, partitions)


def test_topics_of_as_many_partitions_share_one_list() -> None:
    rows = TopicRows(metadata_row)
    a, b, c = (rows.one(topic(name, count), 1, 0) for name, count in (("a", 3), ("b", 3), ("c", 5)))
    assert a["partitions"] is b["partitions"]
    assert [part["partition_index"] for part in c["partitions"]] == [0, 1, 2, 3, 4]
    assert all(one is other for one, other in zip(a["partitions"], c["partitions"], strict=False))
    some = rows.one(topic("c", 5), 1, 0, range(2, 4))["partitions"]
    assert [part["partition_index"] for part in some] == [2, 3]


def test_another_leader_is_another_list() -> None:
    rows = TopicRows(metadata_row)
    for leader in (1, 2, 1):
        shown = rows.one(topic("a", 2), leader, 0)["partitions"]
        assert [part["leader_id"] for part in shown] == [leader, leader]


def test_all_topics_are_one_list_until_one_changes() -> None:
    rows = TopicRows(metadata_row)
    topics = (topic("a", 1), topic("b", 2))
    assert rows.all(topics, 1, 0) is rows.all(topics, 1, 0)
    assert rows.all(topics, 1, 8)[0]["topic_authorized_operations"] == 8
    assert rows.all(topics, 1, 0)[0]["topic_authorized_operations"] == 0
    changed = rows.all((topic("a", 1), topic("b", 3)), 1, 0)
    assert [len(row["partitions"]) for row in changed] == [1, 3]


@pytest.mark.parametrize(("rows_max", "lists_max"), [(12, 1_000), (1_000, 4)])
def test_what_is_kept_has_a_bound(monkeypatch: pytest.MonkeyPatch, rows_max: int, lists_max: int) -> None:
    monkeypatch.setattr(module, "ROWS_KEPT_MAX", rows_max)
    monkeypatch.setattr(module, "LISTS_KEPT_MAX", lists_max)
    rows = TopicRows(metadata_row)

    def shown(count: int) -> object:
        return rows.one(topic("a", count), 1, 0)["partitions"]

    five, one = shown(5), shown(1)
    assert shown(5) is five
    for count in (2, 3, 4):
        shown(count)
    assert shown(4) is shown(4)
    assert shown(1) is one
    assert shown(5) is not five
    larger = rows.one(topic("b", 40), 1, 0)["partitions"]
    assert [part["partition_index"] for part in larger] == list(range(40))
