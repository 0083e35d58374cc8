"""kafka-topics."""

from __future__ import annotations

import re

from compat.suites.java_tools.checks import contains, lacks, same
from compat.suites.java_tools.scenario import Scenarios
from compat.suites.java_tools.tools import Tools

SCENARIOS = Scenarios()


@SCENARIOS("kafka-topics/create and list")
def creates(tools: Tools) -> None:
    name = tools.name()
    said = tools.run("kafka-topics", "--create", "--topic", name, "--partitions", "3")
    contains("--create", said.out, f"Created topic {name}.")
    same("--list", tools.run("kafka-topics", "--list", "--topic", name).lines, [name])


@SCENARIOS("kafka-topics/describe")
def describes(tools: Tools) -> None:
    name = tools.topic("--config", "retention.ms=3600000", "--replication-factor", "1", partitions=3)
    head, *rows = tools.run("kafka-topics", "--describe", "--topic", name).lines
    contains("the topic", head, f"Topic: {name}\t", "PartitionCount: 3\t", "ReplicationFactor: 1\t")
    contains("its configs", head, "retention.ms=3600000")
    same("partitions", [_field("Partition", row) for row in rows], ["0", "1", "2"])
    for row in rows:
        same("replicas", _field("Replicas", row), _field("Leader", row))
        same("in-sync replicas", _field("Isr", row), _field("Leader", row))


@SCENARIOS("kafka-topics/describe by topic id")
def describes_by_id(tools: Tools) -> None:
    name = tools.topic(partitions=2)
    head = tools.run("kafka-topics", "--describe", "--topic", name).lines[0]
    by_id = tools.run("kafka-topics", "--describe", "--topic-id", _field("TopicId", head))
    same("rows", len(by_id.lines), 3)
    contains("the topic", by_id.out, f"Topic: {name}\t")


@SCENARIOS("kafka-topics/describe partitions in trouble")
def none_in_trouble(tools: Tools) -> None:
    name = tools.topic(partitions=2)
    for trouble in (
        "--under-replicated-partitions",
        "--unavailable-partitions",
        "--under-min-isr-partitions",
    ):
        said = tools.run("kafka-topics", "--describe", "--topic", name, trouble)
        same(trouble, said.lines, [])


@SCENARIOS("kafka-topics/create twice")
def refuses_a_second(tools: Tools) -> None:
    name = tools.topic()
    said = tools.refused("kafka-topics", "--create", "--topic", name)
    contains("a second time", said.all, f"Topic '{name}' already exists.")
    tools.run("kafka-topics", "--create", "--topic", name, "--if-not-exists")


@SCENARIOS("kafka-topics/create refuses invalid names")
def refuses_names(tools: Tools) -> None:
    for name in ("n" * 300, f"{tools.name()}/slash", ".."):
        said = tools.refused("kafka-topics", "--create", "--topic", name)
        contains(name, said.all + tools.client_log(), "InvalidTopicException")
    lacks("--list", tools.run("kafka-topics", "--list").out, tools.name())


@SCENARIOS("kafka-topics/create refuses more replicas than brokers")
def refuses_too_many_replicas(tools: Tools) -> None:
    options = ("--topic", tools.name(), "--replication-factor", "1000")
    said = tools.refused("kafka-topics", "--create", *options)
    contains("the refusal", said.all + tools.client_log(), "InvalidReplicationFactorException")


@SCENARIOS("kafka-topics/create with a replica assignment")
def assigns_replicas(tools: Tools) -> None:
    first = tools.topic()
    leader = _field("Leader", tools.run("kafka-topics", "--describe", "--topic", first).lines[1])
    name = tools.name("-assigned")
    tools.run("kafka-topics", "--create", "--topic", name, "--replica-assignment", f"{leader},{leader}")
    rows = tools.run("kafka-topics", "--describe", "--topic", name).lines[1:]
    same("leaders", [_field("Leader", row) for row in rows], [leader, leader])


@SCENARIOS("kafka-topics/alter partitions")
def grows(tools: Tools) -> None:
    name = tools.topic(partitions=2)
    tools.run("kafka-topics", "--alter", "--topic", name, "--partitions", "5")
    said = tools.run("kafka-topics", "--describe", "--topic", name)
    contains("after it", said.out, "PartitionCount: 5\t")
    same("rows", len(said.lines), 6)
    refused = tools.refused("kafka-topics", "--alter", "--topic", name, "--partitions", "4")
    contains("fewer", refused.all + tools.client_log(), "InvalidPartitionsException")


@SCENARIOS("kafka-topics/delete")
def deletes(tools: Tools) -> None:
    name = tools.topic()
    tools.run("kafka-topics", "--delete", "--topic", name)
    same("--list", tools.run("kafka-topics", "--list", "--topic", name).lines, [])
    refused = tools.refused("kafka-topics", "--delete", "--topic", name)
    contains("a second time", refused.all, f"Topic '{name}' does not exist as expected")
    tools.run("kafka-topics", "--delete", "--topic", name, "--if-exists")


def _field(label: str, row: str) -> str:
    found = re.search(rf"(?<!\w){label}: ([^\t]*)", row)
    if found is None:
        raise ValueError(f"no {label!r} in {row!r}")
    return found[1].strip()


@SCENARIOS("kafka-topics/topics with overrides, partitions at their minimum")
def chooses(tools: Tools) -> None:
    plain = tools.topic(suffix="-plain")
    changed = tools.topic("--config", "segment.bytes=2000000", suffix="-changed")
    said = tools.run("kafka-topics", "--describe", "--topics-with-overrides")
    contains("--topics-with-overrides", said.out, changed)
    rows = tools.run("kafka-topics", "--describe", "--topic", plain, "--at-min-isr-partitions").lines
    same("--at-min-isr-partitions", [_field("Partition", row) for row in rows], ["0"])


@SCENARIOS("kafka-topics/list by a pattern")
def lists_by_a_pattern(tools: Tools) -> None:
    names = [tools.topic(suffix=suffix) for suffix in ("-a", "-b", "-c")]
    found = tools.run("kafka-topics", "--list", "--topic", f"{tools.name()}-[ab]").lines
    same("--list", found, names[:2])
    tools.run("kafka-topics", "--delete", "--topic", f"{tools.name()}-[bc]")
    same("what is left", tools.run("kafka-topics", "--list", "--topic", f"{tools.name()}.*").lines, names[:1])
