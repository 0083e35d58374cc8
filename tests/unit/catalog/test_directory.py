"""Topics in memory, and the names that they may have."""

import pytest

from skylog.catalog.directory import Directory
from skylog.catalog.names import check_topic_name
from skylog.model import Topic
from skylog.wire.codes import ErrorCode, KafkaError


def topic(name: str, number: int = 1, partitions: int = 1) -> Topic:
    return Topic(bytes([number]) * 16, name, partitions)


def test_found_by_name_by_id_and_in_order() -> None:
    directory = Directory()
    a, b, c = topic("a", 1), topic("b", 2), topic("c", 3)
    for each in (c, a, b):
        directory.put(each)
    assert directory.by_name("b") is b
    assert directory.by_id(c.topic_id) is c
    assert list(directory.all()) == [a, b, c]
    assert directory.all() is directory.all()


def test_a_newer_form_replaces_the_older() -> None:
    directory = Directory()
    directory.put(topic("a", 1, partitions=1))
    directory.put(topic("a", 1, partitions=2))
    assert [each.partitions for each in directory.all()] == [2]
    assert len(directory) == 1


def test_removed_topics_leave_nothing_behind() -> None:
    directory = Directory()
    directory.put(topic("a.b"))
    assert directory.remove(topic("a.b").topic_id) == topic("a.b")
    assert directory.remove(topic("a.b").topic_id) is None
    assert directory.by_name("a.b") is None
    assert directory.alike("a_b") is None
    assert list(directory.all()) == []


def test_removing_an_old_topic_keeps_the_new_one_of_the_same_name() -> None:
    directory = Directory()
    directory.put(topic("a", 1))
    directory.put(topic("a", 2))
    directory.remove(topic("a", 1).topic_id)
    assert directory.by_name("a") == topic("a", 2)
    assert list(directory.all()) == [topic("a", 2)]


def test_names_that_differ_in_dots_and_underscores_look_alike() -> None:
    directory = Directory()
    directory.put(topic("a.b_c"))
    assert directory.alike("a_b.c") == "a.b_c"
    assert directory.alike("a.b_c") is None
    assert directory.alike("a.b-c") is None


@pytest.mark.parametrize("name", ["a", "A.b_c-9", "_", "...", "x" * 249, "__consumer_offsets"])
def test_legal_names(name: str) -> None:
    check_topic_name(name)


@pytest.mark.parametrize(
    "name", ["", ".", "..", "x" * 250, "a b", "a/b", "ä", "a\n", "a\0", "٣", "x" * 30_000]
)
def test_illegal_names(name: str) -> None:
    with pytest.raises(KafkaError) as refusal:
        check_topic_name(name)
    assert refusal.value.code is ErrorCode.INVALID_TOPIC_EXCEPTION
    assert len(str(refusal.value)) < 400
