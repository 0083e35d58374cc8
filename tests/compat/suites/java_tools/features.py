"""What the tools do with features that a broker may have: transactions, ACLs, new groups, share groups."""

from __future__ import annotations

from compat.suites.java_tools.checks import contains, same
from compat.suites.java_tools.records import LINES, consume, produce
from compat.suites.java_tools.scenario import Scenarios
from compat.suites.java_tools.tools import Tools

SCENARIOS = Scenarios()


@SCENARIOS("kafka-transactions/list")
def transactions(tools: Tools) -> None:
    said = tools.run("kafka-transactions", "list")
    contains("the head", said.lines[0], "TransactionalId", "Coordinator", "ProducerId", "TransactionState")


@SCENARIOS("kafka-producer-perf-test/transactions")
def transactional_load(tools: Tools) -> None:
    topic = tools.topic()
    amount = ("--num-records", "2000", "--record-size", "100", "--throughput", "-1")
    transactional = ("--transactional-id", tools.name("-id"), "--transaction-duration-ms", "100")
    said = tools.run("kafka-producer-perf-test", "--topic", topic, *amount, *transactional)
    contains("the summary", said.lines[-1], "2000 records sent")
    committed = ("--topic", topic, "--from-beginning", "--isolation-level", "read_committed")
    same("records", len(consume(tools, 2000, *committed)), 2000)


@SCENARIOS("transactional-message-copier/copies exactly once")
def copies(tools: Tools) -> None:
    source, target = tools.topic(suffix="-from"), tools.topic(suffix="-to")
    produce(tools, source, LINES)
    tools.run(
        "transactional-message-copier",
        *("--input-topic", source, "--input-partition", "0", "--output-topic", target),
        *("--transactional-id", tools.name("-id"), "--consumer-group", tools.name("-group")),
        *("--transaction-size", "5", "--max-messages", "20"),
    )
    committed = ("--topic", target, "--from-beginning", "--isolation-level", "read_committed")
    same("lines", consume(tools, 20, *committed), LINES)


@SCENARIOS("kafka-acls/without an authorizer")
def no_authorizer(tools: Tools) -> None:
    said = tools.attempt("kafka-acls", "--list")
    contains("the refusal", said.all, "SecurityDisabledException")


@SCENARIOS("kafka-console-consumer/group.protocol=consumer")
def new_groups(tools: Tools) -> None:
    topic, group = tools.topic(), tools.name("-group")
    produce(tools, topic, LINES)
    options = ("--topic", topic, "--group", group, "--command-property", "group.protocol=consumer")
    start = ("--command-property", "auto.offset.reset=earliest")
    same("lines", consume(tools, 20, *options, *start), LINES)


@SCENARIOS("kafka-console-share-consumer/shares a topic")
def share_group(tools: Tools) -> None:
    topic, group = tools.topic(), tools.name("-group")
    entity = ("--entity-type", "groups", "--entity-name", group)
    tools.run("kafka-configs", "--alter", *entity, "--add-config", "share.auto.offset.reset=earliest")
    produce(tools, topic, LINES)
    bounds = ("--max-messages", "20", "--timeout-ms", "30000")
    said = tools.run("kafka-console-share-consumer", "--topic", topic, "--group", group, *bounds)
    same("lines", said.lines, LINES)


@SCENARIOS("kafka-topics/compacted topic keeps what is last")
def compaction_is_accepted(tools: Tools) -> None:
    topic = tools.topic("--config", "cleanup.policy=compact")
    keyed = ("--reader-property", "parse.key=true")
    produce(tools, topic, [f"key\t{line}" for line in LINES], *keyed)
    same("the last line", consume(tools, 20, "--topic", topic, "--from-beginning")[-1], LINES[-1])
