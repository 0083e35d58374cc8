"""kafka-get-offsets, kafka-delete-records and kafka-log-dirs: what a log holds."""

from __future__ import annotations

import json
from typing import Any

from compat.suites.java_tools.checks import contains, holds, same
from compat.suites.java_tools.records import LINES, consume, produce
from compat.suites.java_tools.scenario import Scenarios
from compat.suites.java_tools.tools import Tools

SCENARIOS = Scenarios()

_FIRST_MS = 1_700_000_000_000


def _offsets(tools: Tools, topic: str, *options: str) -> list[str]:
    rows = tools.run("kafka-get-offsets", "--topic", topic, *options).lines
    return [row.removeprefix(f"{topic}:") for row in rows]


@SCENARIOS("kafka-get-offsets/earliest and latest")
def earliest_and_latest(tools: Tools) -> None:
    topic = tools.topic(partitions=2)
    produce(tools, topic, LINES, "--command-property", "partitioner.ignore.keys=true")
    latest = _offsets(tools, topic)
    same("partitions", [row.partition(":")[0] for row in latest], ["0", "1"])
    same("records in all", sum(int(row.partition(":")[2]) for row in latest), 20)
    same("earliest", _offsets(tools, topic, "--time", "earliest"), ["0:0", "1:0"])


@SCENARIOS("kafka-get-offsets/by time")
def by_time(tools: Tools) -> None:
    topic = tools.topic()
    created = ("--message-create-time", str(_FIRST_MS), "--throughput", "10")
    tools.run("kafka-verifiable-producer", "--topic", topic, "--max-messages", "5", *created)
    same("before all", _offsets(tools, topic, "--time", str(_FIRST_MS - 1)), ["0:0"])
    same("the first", _offsets(tools, topic, "--time", str(_FIRST_MS)), ["0:0"])
    (between,) = _offsets(tools, topic, "--time", str(_FIRST_MS + 1))
    holds(
        "after the first: expected an offset of 1 to 4", between in {f"0:{n}" for n in range(1, 5)}, between
    )
    (largest,) = _offsets(tools, topic, "--time", "max-timestamp")
    same("the largest", largest, "0:4")
    same("tiered storage", _offsets(tools, topic, "--time", "latest-tiered"), [])


@SCENARIOS("kafka-get-offsets/chosen partitions")
def chosen(tools: Tools) -> None:
    topic = tools.topic(partitions=4)
    rows = tools.run("kafka-get-offsets", "--topic-partitions", f"{topic}:1-3").lines
    same("partitions", rows, [f"{topic}:1:0", f"{topic}:2:0"])


@SCENARIOS("kafka-delete-records/moves the start of the log")
def deletes_records(tools: Tools) -> None:
    topic = tools.topic()
    produce(tools, topic, LINES)
    wanted = {"partitions": [{"topic": topic, "partition": 0, "offset": 15}], "version": 1}
    said = tools.run("kafka-delete-records", "--offset-json-file", tools.file("delete.json", wanted))
    contains("the answer", said.out, f"partition: {topic}-0\tlow_watermark: 15")
    same("earliest", _offsets(tools, topic, "--time", "earliest"), ["0:15"])
    same("lines", consume(tools, 5, "--topic", topic, "--from-beginning"), LINES[15:])


@SCENARIOS("kafka-delete-records/up to the end, and past it")
def deletes_all_records(tools: Tools) -> None:
    topic = tools.topic()
    produce(tools, topic, LINES)
    for offset, answer in {-1: "low_watermark: 20", 1000: "OffsetOutOfRangeException"}.items():
        wanted = {"partitions": [{"topic": topic, "partition": 0, "offset": offset}], "version": 1}
        file = tools.file(f"delete{offset}.json", wanted)
        contains(str(offset), tools.attempt("kafka-delete-records", "--offset-json-file", file).all, answer)
    same("earliest", _offsets(tools, topic, "--time", "earliest"), ["0:20"])


@SCENARIOS("kafka-log-dirs/sizes of the partitions")
def log_directories(tools: Tools) -> None:
    topic = tools.topic(partitions=3)
    produce(tools, topic, LINES)
    sizes = _sizes(tools, topic)
    same("partitions", sorted(sizes), [f"{topic}-{partition}" for partition in range(3)])
    holds("expected the size of 20 lines or more", sum(sizes.values()) > 20 * len(LINES[0]), sizes)


def _sizes(tools: Tools, topic: str) -> dict[str, int]:
    said: list[str] = tools.run("kafka-log-dirs", "--describe", "--topic-list", topic).lines
    brokers: list[dict[str, Any]] = json.loads(said[-1])["brokers"]
    same("brokers", len(brokers), 1)
    directories = brokers[0]["logDirs"]
    same("errors", [directory["error"] for directory in directories], [None] * len(directories))
    return {row["partition"]: row["size"] for directory in directories for row in directory["partitions"]}


@SCENARIOS("kafka-get-offsets/topics by a pattern")
def offsets_by_a_pattern(tools: Tools) -> None:
    names = [tools.topic(suffix=suffix) for suffix in ("-a", "-b")]
    produce(tools, names[1], LINES)
    found = tools.run("kafka-get-offsets", "--topic", f"{tools.name()}-.*", "--exclude-internal-topics").lines
    same("rows", found, [f"{names[0]}:0:0", f"{names[1]}:0:20"])
