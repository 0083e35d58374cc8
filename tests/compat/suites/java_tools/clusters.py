"""The tools that look at a cluster, its brokers and its partitions' replicas."""

from __future__ import annotations

import re

from compat.suites.java_tools.checks import contains, holds, same
from compat.suites.java_tools.records import LINES, produce
from compat.suites.java_tools.scenario import Scenarios
from compat.suites.java_tools.tools import Tools

SCENARIOS = Scenarios()


def _broker(tools: Tools) -> list[str]:
    """Return the row of the only broker: id, host, port, …"""
    head, *rows = tools.run("kafka-cluster", "list-endpoints").lines
    contains("the head", head, "ID", "HOST", "PORT")
    same("brokers", len(rows), 1)
    return rows[0].split()


@SCENARIOS("kafka-cluster/cluster id")
def cluster_id(tools: Tools) -> None:
    said = tools.run("kafka-cluster", "cluster-id")
    found = re.fullmatch(r"Cluster ID: ([\w-]{22})", said.out.strip())
    holds("expected a cluster id of 22 letters", found is not None, said.out)


@SCENARIOS("kafka-cluster/list endpoints")
def endpoints(tools: Tools) -> None:
    same("host and port", ":".join(_broker(tools)[1:3]), tools.bootstrap)


@SCENARIOS("kafka-broker-api-versions/all that clients need")
def api_versions(tools: Tools) -> None:
    said = tools.run("kafka-broker-api-versions")
    contains("the broker", said.lines[0], tools.bootstrap)
    contains("the APIs", said.out, "Produce(0): 0 to 13 [usable: 13]", "Fetch(1): 4 to 18 [usable: 18]")
    contains("the APIs", said.out, "Metadata(3): 0 to 13 [usable: 13]", "ListOffsets(2): 1 to 11")


@SCENARIOS("kafka-features/describe")
def features(tools: Tools) -> None:
    said = tools.run("kafka-features", "describe")
    contains("group.version", said.out, "Feature: group.version")


@SCENARIOS("kafka-leader-election/not needed")
def leader_election(tools: Tools) -> None:
    topic = tools.topic(partitions=2)
    one = ("--election-type", "preferred", "--topic", topic, "--partition", "1")
    said = tools.run("kafka-leader-election", *one)
    contains("one partition", said.out, f"Valid replica already elected for partitions {topic}-1")
    tools.run("kafka-leader-election", "--election-type", "preferred", "--all-topic-partitions")


@SCENARIOS("kafka-leader-election/a partition that is not there")
def leader_election_of_nothing(tools: Tools) -> None:
    nowhere = ("--election-type", "preferred", "--topic", tools.name("-none"), "--partition", "0")
    said = tools.refused("kafka-leader-election", *nowhere)
    contains("the refusal", said.all, "UnknownTopicOrPartitionException")


@SCENARIOS("kafka-reassign-partitions/list")
def no_reassignments(tools: Tools) -> None:
    said = tools.run("kafka-reassign-partitions", "--list")
    same("reassignments", said.lines, ["No partition reassignments found."])


@SCENARIOS("kafka-reassign-partitions/generate and verify")
def reassignment_of_nothing(tools: Tools) -> None:
    topic, broker = tools.topic(partitions=2), _broker(tools)[0]
    topics = tools.file("topics.json", {"topics": [{"topic": topic}], "version": 1})
    said = tools.run(
        "kafka-reassign-partitions",
        "--generate",
        "--topics-to-move-json-file",
        topics,
        "--broker-list",
        broker,
    )
    contains("what is", said.out, f'"topic":"{topic}","partition":1,"replicas":[{broker}]')
    plan = tools.file("plan.json", said.lines[-1])
    said = tools.run("kafka-reassign-partitions", "--verify", "--reassignment-json-file", plan)
    contains("--verify", said.out, f"Reassignment of partition {topic}-1 is completed.")


@SCENARIOS("kafka-metadata-quorum/status")
def quorum_status(tools: Tools) -> None:
    said = tools.run("kafka-metadata-quorum", "describe", "--status")
    rows = dict(re.split(r":\s+", line, maxsplit=1) for line in said.lines)
    holds("expected a leader", int(rows["LeaderId"]) >= 0, rows)
    contains("the voters", rows["CurrentVoters"], rows["LeaderId"])
    same("lag", rows["MaxFollowerLag"], "0")


@SCENARIOS("kafka-metadata-quorum/replication")
def quorum_replication(tools: Tools) -> None:
    _, *rows = tools.run("kafka-metadata-quorum", "describe", "--replication").lines
    same("replicas", [row.split()[-1] for row in rows], ["Leader"])


@SCENARIOS("kafka-transactions/describe producers")
def producers(tools: Tools) -> None:
    topic = tools.topic()
    amount = ("--num-records", "3", "--record-size", "10", "--throughput", "-1")
    tools.run("kafka-producer-perf-test", "--topic", topic, *amount)
    where = ("--topic", topic, "--partition", "0")
    head, row = tools.run("kafka-transactions", "describe-producers", *where).lines
    found = dict(zip(head.split(), row.split(), strict=True))
    same("epoch", found["ProducerEpoch"], "0")
    same("last sequence", found["LastSequence"], "2")
    same("open transaction", found["CurrentTransactionStartOffset"], "None")


@SCENARIOS("kafka-reassign-partitions/execute to where they are")
def reassigns(tools: Tools) -> None:
    topic, broker = tools.topic(partitions=2), int(_broker(tools)[0])
    moves = [{"topic": topic, "partition": partition, "replicas": [broker]} for partition in range(2)]
    plan = tools.file("plan.json", {"version": 1, "partitions": moves})
    said = tools.run("kafka-reassign-partitions", "--execute", "--reassignment-json-file", plan)
    contains("--execute", said.out, f"Successfully started partition reassignments for {topic}-0,{topic}-1")
    said = tools.run("kafka-reassign-partitions", "--verify", "--reassignment-json-file", plan)
    contains("--verify", said.out, f"Reassignment of partition {topic}-1 is completed.")


@SCENARIOS("kafka-reassign-partitions/execute to a broker that is not there")
def reassigns_to_nobody(tools: Tools) -> None:
    moves = [{"topic": tools.topic(), "partition": 0, "replicas": [4711]}]
    plan = tools.file("plan.json", {"version": 1, "partitions": moves})
    said = tools.refused("kafka-reassign-partitions", "--execute", "--reassignment-json-file", plan)
    contains("the refusal", said.all, "4711")


@SCENARIOS("kafka-replica-verification/replicas do not differ")
def replicas_agree(tools: Tools) -> None:
    topic = tools.topic(partitions=2)
    produce(tools, topic, LINES)
    options = ("--topics-include", topic, "--report-interval-ms", "500")
    with tools.running("kafka-replica-verification", *options) as output:
        tools.until(lambda: "max lag is 0" in output.read_text(), "a report of no lag")


@SCENARIOS("kafka-cluster/unregister a broker that is not there")
def unregisters_nobody(tools: Tools) -> None:
    said = tools.attempt("kafka-cluster", "unregister", "--id", "4711")
    contains("the refusal", said.all, "BrokerIdNotRegisteredException")


@SCENARIOS("kafka-features/refuses an unknown one")
def unknown_feature(tools: Tools) -> None:
    said = tools.refused("kafka-features", "upgrade", "--feature", "no.such.feature=1")
    contains("the refusal", said.all, "no.such.feature")
