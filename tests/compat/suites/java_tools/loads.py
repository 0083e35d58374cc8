"""The tools that make load: performance, verifiable clients, latency from end to end."""

from __future__ import annotations

from pathlib import Path

from compat.suites.java_tools.checks import contains, holds, same
from compat.suites.java_tools.scenario import Scenarios
from compat.suites.java_tools.tools import Tools, read_events

SCENARIOS = Scenarios()


def _produce(tools: Tools, topic: str, records: int, size_bytes: int, *properties: str) -> None:
    amount = ("--num-records", str(records), "--record-size", str(size_bytes), "--throughput", "-1")
    options = ("--command-property", *properties) if properties else ()
    said = tools.run("kafka-producer-perf-test", "--topic", topic, *amount, *options)
    contains("the summary", said.lines[-1], f"{records} records sent")


def _consume(tools: Tools, topic: str, records: int) -> None:
    said = tools.run("kafka-consumer-perf-test", "--topic", topic, "--num-records", str(records))
    figures = dict(zip(*(line.split(", ") for line in said.lines[-2:]), strict=True))
    same("records", int(figures["data.consumed.in.nMsg"]), records)


@SCENARIOS("kafka-producer-perf-test, kafka-consumer-perf-test/50,000 small records")
def small(tools: Tools) -> None:
    topic = tools.topic(partitions=6)
    _produce(tools, topic, 50_000, 100)
    _consume(tools, topic, 50_000)


@SCENARIOS("kafka-producer-perf-test, kafka-consumer-perf-test/large records")
def large(tools: Tools) -> None:
    topic = tools.topic(partitions=3)
    _produce(tools, topic, 200, 500_000, "batch.size=1000000")
    _consume(tools, topic, 200)


@SCENARIOS("kafka-producer-perf-test, kafka-consumer-perf-test/many partitions, zstd")
def many_partitions(tools: Tools) -> None:
    topic = tools.topic(partitions=200)
    _produce(tools, topic, 50_000, 200, "compression.type=zstd", "linger.ms=20")
    _consume(tools, topic, 50_000)


@SCENARIOS("kafka-verifiable-producer/every record is acknowledged once, in order")
def verifiable_producer(tools: Tools) -> None:
    topic = tools.topic()
    events = tools.run("kafka-verifiable-producer", "--topic", topic, "--max-messages", "1000").events
    same("sent and acknowledged", [events[-1]["sent"], events[-1]["acked"]], [1000, 1000])
    acknowledged = [event for event in events if event["name"] == "producer_send_success"]
    same("values", [event["value"] for event in acknowledged], [str(value) for value in range(1000)])
    same("offsets", [event["offset"] for event in acknowledged], list(range(1000)))


@SCENARIOS("kafka-verifiable-consumer/assigned, consumed, committed, revoked")
def verifiable_consumer(tools: Tools) -> None:
    topic = tools.topic(partitions=3)
    tools.run("kafka-verifiable-producer", "--topic", topic, "--max-messages", "500")
    group = ("--group-id", tools.name("-group"))
    events = tools.run("kafka-verifiable-consumer", "--topic", topic, *group, "--max-messages", "500").events
    names = [event["name"] for event in events]
    same("assigned first", names[:2], ["startup_complete", "partitions_assigned"])
    same("consumed", sum(e["count"] for e in events if e["name"] == "records_consumed"), 500)
    commits = [event["success"] for event in events if event["name"] == "offsets_committed"]
    holds("expected commits, all of them a success", bool(commits) and all(commits), commits)
    contains("the end", " ".join(names[-3:]), "partitions_revoked", "shutdown_complete")


@SCENARIOS("kafka-verifiable-consumer/two members share the partitions")
def two_members(tools: Tools) -> None:
    topic = tools.topic(partitions=4)
    options = ("--topic", topic, "--group-id", tools.name("-group"), "--session-timeout", "10000")
    with (
        tools.running("kafka-verifiable-consumer", *options) as one,
        tools.running("kafka-verifiable-consumer", *options) as two,
    ):
        tools.until(lambda: _assigned(one) == 2 == _assigned(two), "two partitions each")
        tools.run("kafka-verifiable-producer", "--topic", topic, "--max-messages", "200")
        tools.until(lambda: _consumed(one) + _consumed(two) == 200, "200 records in all")


@SCENARIOS("kafka-verifiable-consumer/partitions of a dead member go to the other")
def dead_member(tools: Tools) -> None:
    topic = tools.topic(partitions=4)
    options = ("--topic", topic, "--group-id", tools.name("-group"), "--session-timeout", "6000")
    with tools.running("kafka-verifiable-consumer", *options) as survivor:
        with tools.running("kafka-verifiable-consumer", *options) as other:
            tools.until(lambda: _assigned(survivor) == 2 == _assigned(other), "two partitions each")
        tools.until(lambda: _assigned(survivor) == 4, "all four after the other was killed")


@SCENARIOS("kafka-verifiable-consumer/cooperative: what stays is not revoked")
def cooperative(tools: Tools) -> None:
    topic = tools.topic(partitions=4)
    strategy = "org.apache.kafka.clients.consumer.CooperativeStickyAssignor"
    options = ("--topic", topic, "--group-id", tools.name("-group"), "--assignment-strategy", strategy)
    with tools.running("kafka-verifiable-consumer", *options) as one:
        tools.until(lambda: _assigned(one) == 4, "four partitions")
        with tools.running("kafka-verifiable-consumer", *options) as two:
            tools.until(lambda: _assigned(two) == 2, "two partitions for the second")
            revoked = [
                e["partitions"] for e in read_events(one.read_text()) if e["name"] == "partitions_revoked"
            ]
            same("revoked from the first", [len(partitions) for partitions in revoked], [2])


@SCENARIOS("kafka-e2e-latency/every record comes back")
def end_to_end(tools: Tools) -> None:
    amount = ("--num-records", "100", "--producer-acks", "all", "--record-size", "100")
    said = tools.run("kafka-e2e-latency", "--topic", tools.topic(), *amount)
    contains("the summary", said.out, "Avg latency:", "Percentiles: 50th")


@SCENARIOS("client-compatibility-test/all that a broker of 4.x supports")
def compatibility(tools: Tools) -> None:
    # It creates this one, and wants it to be new.
    tools.run("kafka-topics", "--delete", "--topic", "newtopic", "--if-exists")
    supported = ("offsets-for-times", "cluster-id", "create-topics", "describe-acls", "describe-configs")
    yes = [part for what in supported for part in (f"--{what}-supported", "true")]
    said = tools.run(
        "client-compatibility-test",
        "--topic",
        tools.topic(),
        *yes,
        *("--idempotent-producer-supported", "true"),
        *("--expect-record-too-large-exception", "false"),
        *("--num-cluster-nodes", "1"),
    )
    contains("the end", said.out, "SUCCESS")


def _assigned(output: Path) -> int:
    events = read_events(output.read_text())
    assignments = [event["partitions"] for event in events if event["name"] == "partitions_assigned"]
    return len(assignments[-1]) if assignments else 0


def _consumed(output: Path) -> int:
    events = read_events(output.read_text())
    return sum(event["count"] for event in events if event["name"] == "records_consumed")
