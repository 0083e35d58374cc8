"""Tools and Java clients of Kafka 2.1, the oldest that Kafka 4 still serves."""

from __future__ import annotations

from compat.suites.java_tools.checks import contains, same
from compat.suites.java_tools.records import LINES
from compat.suites.java_tools.scenario import Scenarios
from compat.suites.java_tools.tools import Tools

SCENARIOS = Scenarios()


def _produce(tools: Tools, *options: str) -> str:
    """Send lines to a topic that is created by that and has one partition; return its name."""
    topic = tools.name()
    tools.run("kafka-console-producer", "--topic", topic, *options, stdin="\n".join(LINES))
    return topic


def _consume(tools: Tools, *options: str) -> list[str]:
    bounds = ("--max-messages", str(len(LINES)), "--timeout-ms", "30000", "--from-beginning")
    return tools.run("kafka-console-consumer", *bounds, *options).lines


def _compressed(codec: str) -> None:
    @SCENARIOS(f"kafka-console-producer, kafka-console-consumer/{codec}")
    def lines(tools: Tools) -> None:
        topic = _produce(tools, "--compression-codec", codec)
        same("lines", _consume(tools, "--topic", topic), LINES)


for _codec in ("none", "gzip", "snappy", "lz4", "zstd"):
    _compressed(_codec)


@SCENARIOS("kafka-producer-perf-test, kafka-consumer-perf-test/20,000 records")
def load(tools: Tools) -> None:
    topic = tools.name()
    amount = ("--num-records", "20000", "--record-size", "100", "--throughput", "-1")
    properties = ("--producer-props", f"bootstrap.servers={tools.bootstrap}", "enable.idempotence=true")
    said = tools.run("kafka-producer-perf-test", "--topic", topic, *amount, *properties)
    contains("the summary", said.lines[-1], "20000 records sent")
    said = tools.run("kafka-consumer-perf-test", "--topic", topic, "--messages", "20000")
    same("records", said.lines[-1].split(", ")[4], "20000")


@SCENARIOS("kafka-verifiable-producer, kafka-verifiable-consumer/sent, acknowledged, consumed, committed")
def verifiable(tools: Tools) -> None:
    topic = tools.name()
    events = tools.run("kafka-verifiable-producer", "--topic", topic, "--max-messages", "200").events
    same("sent and acknowledged", [events[-1]["sent"], events[-1]["acked"]], [200, 200])
    group = ("--group-id", tools.name("-group"), "--max-messages", "200")
    events = tools.run("kafka-verifiable-consumer", "--topic", topic, *group).events
    same("consumed", sum(e["count"] for e in events if e["name"] == "records_consumed"), 200)
    same("commits", {e["success"] for e in events if e["name"] == "offsets_committed"}, {True})


@SCENARIOS("kafka-get-offsets/earliest and latest")
def offsets(tools: Tools) -> None:
    topic = _produce(tools)
    same("latest", tools.run("kafka-get-offsets", "--topic", topic).lines, [f"{topic}:0:20"])
    said = tools.run("kafka-get-offsets", "--topic", topic, "--time", "-2")
    same("earliest", said.lines, [f"{topic}:0:0"])


@SCENARIOS("kafka-consumer-groups/describe, reset, delete")
def group(tools: Tools) -> None:
    topic, group = _produce(tools), tools.name("-group")
    _consume(tools, "--topic", topic, "--group", group)
    row = tools.run("kafka-consumer-groups", "--describe", "--group", group).lines[-1].split()
    same("the row", row[:5], [topic, "0", "20", "20", "0"])
    where = ("--topic", topic, "--reset-offsets", "--to-offset", "5", "--execute")
    row = tools.run("kafka-consumer-groups", "--group", group, *where).lines[-1].split()
    same("after the reset", row, [topic, "0", "5"])
    said = tools.run("kafka-consumer-groups", "--group", group, "--delete")
    contains("the answer", said.out, "was successful")


@SCENARIOS("kafka-delete-records/moves the start of the log")
def deletes_records(tools: Tools) -> None:
    topic = _produce(tools)
    wanted = {"partitions": [{"topic": topic, "partition": 0, "offset": 15}], "version": 1}
    said = tools.run("kafka-delete-records", "--offset-json-file", tools.file("delete.json", wanted))
    contains("the answer", said.out, f"partition: {topic}-0\tlow_watermark: 15")


@SCENARIOS("kafka-log-dirs/sizes of the partitions")
def log_directories(tools: Tools) -> None:
    topic = _produce(tools)
    said = tools.run("kafka-log-dirs", "--describe", "--topic-list", topic)
    contains("the partition", said.lines[-1], f'"partition":"{topic}-0"', '"error":null')


@SCENARIOS("kafka-broker-api-versions/reads what it does not know")
def api_versions(tools: Tools) -> None:
    said = tools.run("kafka-broker-api-versions")
    contains("the APIs", said.out, "Produce(0): 0 to 13 [usable: 7]", "UNKNOWN(60): 0")


@SCENARIOS("client-compatibility-test/all that a broker of 4.x supports")
def compatibility(tools: Tools) -> None:
    # It creates a topic "newtopic" that has to be new, so it passes once in a broker.
    supported = ("offsets-for-times", "cluster-id", "create-topics", "describe-acls")
    yes = [part for what in supported for part in (f"--{what}-supported", "true")]
    more = ("--expect-record-too-large-exception", "false", "--num-cluster-nodes", "1")
    said = tools.run("client-compatibility-test", "--topic", tools.name(), *yes, *more)
    contains("the end", said.out, "SUCCESS")
