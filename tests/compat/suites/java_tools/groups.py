"""kafka-consumer-groups, kafka-groups and kafka-streams-application-reset."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from compat.suites.java_tools.checks import contains, lacks, same
from compat.suites.java_tools.records import LINES, consume, produce
from compat.suites.java_tools.scenario import Scenarios
from compat.suites.java_tools.tools import Said, Tools

SCENARIOS = Scenarios()


def _groups(tools: Tools, *options: str) -> Said:
    return tools.run("kafka-consumer-groups", *options)


def _consumed(tools: Tools, count: int = 8) -> tuple[str, str]:
    """Return a topic of 20 lines and a group without members that has consumed some of them."""
    topic, group = tools.topic(), tools.name("-group")
    produce(tools, topic, LINES)
    consume(tools, count, "--topic", topic, "--group", group, "--from-beginning")
    return topic, group


def _offsets(said: Said, topic: str) -> list[list[str]]:
    """Return partition, current offset, end and lag of a topic's rows."""
    rows = [line.split() for line in said.lines]
    return [row[2:6] for row in rows if row[1:2] == [topic]]


@contextmanager
def _member(tools: Tools, topic: str, group: str) -> Iterator[None]:
    """Keep one member in a group that has consumed all lines."""
    with tools.running(
        "kafka-console-consumer", "--topic", topic, "--group", group, "--from-beginning"
    ) as out:
        tools.until(lambda: len(out.read_text().splitlines()) == len(LINES), "all lines")
        yield


@SCENARIOS("kafka-consumer-groups/describe offsets and lag")
def describes(tools: Tools) -> None:
    topic, group = _consumed(tools)
    said = _groups(tools, "--describe", "--group", group)
    contains("members", said.all, f"Consumer group '{group}' has no active members.")
    same("the row", _offsets(said, topic), [["0", "8", "20", "12"]])


@SCENARIOS("kafka-consumer-groups/list and state")
def lists(tools: Tools) -> None:
    _, group = _consumed(tools)
    contains("--list", _groups(tools, "--list").out, group)
    contains("--list --state", _groups(tools, "--list", "--state", "empty").out, group)
    lacks("--list --state", _groups(tools, "--list", "--state", "stable").out, group)
    row = _groups(tools, "--describe", "--group", group, "--state").lines[-1].split()
    same("state and members", row[-2:], ["Empty", "0"])


@SCENARIOS("kafka-consumer-groups/describe members")
def describes_members(tools: Tools) -> None:
    topic, group = tools.topic(partitions=3), tools.name("-group")
    produce(tools, topic, LINES)
    with _member(tools, topic, group):
        row = _groups(tools, "--describe", "--group", group, "--state").lines[-1].split()
        same("assignor, state, members", row[-3:], ["range", "Stable", "1"])
        row = _groups(tools, "--describe", "--group", group, "--members", "--verbose").lines[-1].split()
        same("client and partitions", row[3:5], ["console-consumer", "3"])
        contains("assignment", " ".join(row), f"{topic}:0,1,2")
        row = _groups(tools, "--describe", "--group", group).lines[-1].split()
        same("the client of an offset's row", row[-1], "console-consumer")


@SCENARIOS("kafka-consumer-groups/reset offsets")
def resets(tools: Tools) -> None:
    topic, group = _consumed(tools)
    for where, offset in {
        ("--to-earliest",): "0",
        ("--to-latest",): "20",
        ("--to-offset", "5"): "5",
        ("--shift-by", "3"): "8",
        ("--shift-by", "-100"): "0",
        ("--to-datetime", "2020-01-01T00:00:00.000"): "0",
        ("--by-duration", "PT0S"): "20",
    }.items():
        options = ("--group", group, "--reset-offsets", "--topic", topic, "--execute")
        row = _groups(tools, *options, *where).lines[-1].split()
        same(" ".join(where), row, [group, topic, "0", offset])
    same("at last", _offsets(_groups(tools, "--describe", "--group", group), topic), [["0", "20", "20", "0"]])


@SCENARIOS("kafka-consumer-groups/reset offsets of a group that never was")
def resets_a_new_group(tools: Tools) -> None:
    topic, group = tools.topic(), tools.name("-new")
    produce(tools, topic, LINES)
    _groups(tools, "--group", group, "--reset-offsets", "--topic", topic, "--to-offset", "15", "--execute")
    found = consume(tools, 5, "--topic", topic, "--group", group)
    same("lines", found, LINES[15:])


@SCENARIOS("kafka-consumer-groups/reset offsets: not while members are there")
def resets_no_active_group(tools: Tools) -> None:
    topic, group = tools.topic(), tools.name("-group")
    produce(tools, topic, LINES)
    options = ("--group", group, "--reset-offsets", "--topic", topic, "--to-earliest", "--execute")
    with _member(tools, topic, group):
        said = tools.attempt("kafka-consumer-groups", *options)
        contains("the refusal", said.all, "Assignments can only be reset if the group", "is inactive")


@SCENARIOS("kafka-consumer-groups/delete offsets")
def deletes_offsets(tools: Tools) -> None:
    topic, group = _consumed(tools)
    said = _groups(tools, "--group", group, "--delete-offsets", "--topic", topic)
    same("the row", said.lines[-1].split(), [topic, "0", "Successful"])
    same("what is left", _offsets(_groups(tools, "--describe", "--group", group), topic), [])


@SCENARIOS("kafka-consumer-groups/delete offsets: not of a subscribed topic")
def deletes_no_subscribed_offsets(tools: Tools) -> None:
    topic, group = tools.topic(), tools.name("-group")
    produce(tools, topic, LINES)
    with _member(tools, topic, group):
        options = ("--group", group, "--delete-offsets", "--topic", topic)
        said = tools.attempt("kafka-consumer-groups", *options)
        contains("the refusal", said.all, "Encountered some partition-level error")


@SCENARIOS("kafka-consumer-groups/delete a group")
def deletes(tools: Tools) -> None:
    _, group = _consumed(tools)
    said = _groups(tools, "--group", group, "--delete")
    contains("the answer", said.out, f"Deletion of requested consumer groups ('{group}') was successful.")
    lacks("--list", _groups(tools, "--list").out, group)
    for what in ("--delete", "--describe"):
        said = tools.attempt("kafka-consumer-groups", "--group", group, what)
        contains(what, said.all, "GroupIdNotFoundException")


@SCENARIOS("kafka-consumer-groups/delete a group: not while members are there")
def deletes_no_active_group(tools: Tools) -> None:
    topic, group = tools.topic(), tools.name("-group")
    produce(tools, topic, LINES)
    with _member(tools, topic, group):
        said = tools.attempt("kafka-consumer-groups", "--group", group, "--delete")
        contains("the refusal", said.all, "GroupNotEmptyException")


@SCENARIOS("kafka-groups/list")
def all_groups(tools: Tools) -> None:
    _, group = _consumed(tools)
    rows = [line.split() for line in tools.run("kafka-groups", "--list").lines]
    contains("the row", str(rows), str([group, "Classic", "consumer"]))


@SCENARIOS("kafka-streams-application-reset/input topic to the start")
def resets_an_application(tools: Tools) -> None:
    topic, group = _consumed(tools)
    options = ("--application-id", group, "--input-topics", topic, "--to-earliest")
    tools.run("kafka-streams-application-reset", *options)
    same("the row", _offsets(_groups(tools, "--describe", "--group", group), topic), [["0", "0", "20", "20"]])


@SCENARIOS("kafka-consumer-groups/offsets to a file and back")
def exports(tools: Tools) -> None:
    topic, group = _consumed(tools)
    options = ("--group", group, "--reset-offsets")
    said = _groups(tools, *options, "--topic", topic, "--to-current", "--dry-run", "--export")
    row = said.lines[-1]
    contains("exported", row, topic, "0,8")
    file = tools.file("offsets.csv", row.replace("0,8", "0,3") + "\n")
    _groups(tools, *options, "--from-file", file, "--execute")
    same("at last", _offsets(_groups(tools, "--describe", "--group", group), topic), [["0", "3", "20", "17"]])


@SCENARIOS("kafka-consumer-groups/all groups")
def describes_all(tools: Tools) -> None:
    topic, group = _consumed(tools)
    rows = [line.split() for line in _groups(tools, "--describe", "--all-groups").lines]
    same("the row", [row[2:6] for row in rows if row[:2] == [group, topic]], [["0", "8", "20", "12"]])


def _assigned(tools: Tools, *options: str) -> None:
    """Run a member that ends without a word once it has partitions."""
    with tools.running("kafka-verifiable-consumer", *options) as output:
        tools.until(lambda: "partitions_assigned" in output.read_text(), "an assignment")


@SCENARIOS("kafka-consumer-groups/a static member that comes back is the same one")
def static_members(tools: Tools) -> None:
    topic, group = tools.topic(partitions=2), tools.name("-group")
    options = ("--topic", topic, "--group-id", group, "--group-instance-id", "one")
    _assigned(tools, *options)
    _assigned(tools, *options)
    row = _groups(tools, "--describe", "--group", group, "--members").lines[-1].split()
    same("the member that came back", row[2], "one")
    same("the only one", _groups(tools, "--describe", "--group", group, "--state").lines[-1].split()[-1], "1")
