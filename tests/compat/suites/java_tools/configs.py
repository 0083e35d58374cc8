"""kafka-configs and kafka-client-metrics."""

from __future__ import annotations

from compat.suites.java_tools.checks import contains, lacks
from compat.suites.java_tools.scenario import Scenarios
from compat.suites.java_tools.tools import Tools

SCENARIOS = Scenarios()


@SCENARIOS("kafka-configs/topic: add, describe, delete")
def topic_configs(tools: Tools) -> None:
    entity = ("--entity-type", "topics", "--entity-name", tools.topic())
    tools.run(
        "kafka-configs", "--alter", *entity, "--add-config", "retention.ms=60000,max.message.bytes=2000"
    )
    said = tools.run("kafka-configs", "--describe", *entity).out
    contains("what was added", said, "retention.ms=60000 sensitive=false", "max.message.bytes=2000")
    contains("where it comes from", said, "synonyms={DYNAMIC_TOPIC_CONFIG:retention.ms=60000")
    tools.run("kafka-configs", "--alter", *entity, "--delete-config", "retention.ms")
    said = tools.run("kafka-configs", "--describe", *entity).out
    contains("what stayed", said, "max.message.bytes=2000")
    lacks("what was deleted", said, "retention.ms")


@SCENARIOS("kafka-configs/topic: describe all")
def all_of_a_topic(tools: Tools) -> None:
    said = tools.run(
        "kafka-configs", "--describe", "--all", "--entity-type", "topics", "--entity-name", tools.topic()
    )
    contains(
        "defaults",
        said.out,
        "cleanup.policy=delete sensitive=false",
        "retention.ms=604800000",
        "max.message.bytes=1048588",
        "message.timestamp.type=CreateTime",
        "compression.type=producer",
    )


@SCENARIOS("kafka-configs/topic: refuses what is invalid")
def invalid_topic_configs(tools: Tools) -> None:
    entity = ("--entity-type", "topics", "--entity-name", tools.topic())
    for setting in ("segment.bytes=large", "cleanup.policy=sometimes", "no.such.config=1"):
        said = tools.refused("kafka-configs", "--alter", *entity, "--add-config", setting)
        contains(setting, said.all, "InvalidConfigurationException", setting.partition("=")[0])


@SCENARIOS("kafka-configs/broker: describe all")
def all_of_a_broker(tools: Tools) -> None:
    broker = tools.run("kafka-cluster", "list-endpoints").lines[1].split()[0]
    said = tools.run(
        "kafka-configs", "--describe", "--all", "--entity-type", "brokers", "--entity-name", broker
    )
    contains("static ones", said.out, "listeners=", "log.retention.ms=", "message.max.bytes=1048588")


@SCENARIOS("kafka-configs/broker: add, describe, delete")
def broker_configs(tools: Tools) -> None:
    entity = ("--entity-type", "brokers", "--entity-default")
    tools.run("kafka-configs", "--alter", *entity, "--add-config", "log.retention.ms=70000000")
    try:
        contains(
            "what was added",
            tools.run("kafka-configs", "--describe", *entity).out,
            "log.retention.ms=70000000",
        )
    finally:
        tools.run("kafka-configs", "--alter", *entity, "--delete-config", "log.retention.ms")
    lacks("what was deleted", tools.run("kafka-configs", "--describe", *entity).out, "log.retention.ms=")


@SCENARIOS("kafka-configs/client quotas: add, describe, delete")
def client_quotas(tools: Tools) -> None:
    name = tools.name()
    entity = ("--entity-type", "clients", "--entity-name", name)
    quotas = "producer_byte_rate=1000000,consumer_byte_rate=2000000"
    tools.run("kafka-configs", "--alter", *entity, "--add-config", quotas)
    said = tools.run("kafka-configs", "--describe", *entity).out
    contains("what was added", said, f"client-id '{name}'", "producer_byte_rate=1000000.0")
    contains("what was added", said, "consumer_byte_rate=2000000.0")
    tools.run("kafka-configs", "--alter", *entity, "--delete-config", "consumer_byte_rate")
    said = tools.run("kafka-configs", "--describe", *entity).out
    contains("what stayed", said, "producer_byte_rate=1000000.0")
    lacks("what was deleted", said, "consumer_byte_rate")


@SCENARIOS("kafka-configs/group: add, describe")
def group_configs(tools: Tools) -> None:
    entity = ("--entity-type", "groups", "--entity-name", tools.name())
    tools.run("kafka-configs", "--alter", *entity, "--add-config", "consumer.session.timeout.ms=50000")
    said = tools.run("kafka-configs", "--describe", *entity).out
    contains("what was added", said, "consumer.session.timeout.ms=50000")


@SCENARIOS("kafka-client-metrics/alter, describe, delete")
def client_metrics(tools: Tools) -> None:
    name = tools.name()
    metrics = ("--metrics", "org.apache.kafka", "--interval", "10000")
    tools.run("kafka-client-metrics", "--alter", "--name", name, *metrics)
    said = tools.run("kafka-client-metrics", "--describe", "--name", name).out
    contains("what was added", said, "interval.ms=10000", "metrics=org.apache.kafka")
    tools.run("kafka-client-metrics", "--delete", "--name", name)
    lacks("--list", tools.run("kafka-client-metrics", "--list").out, name)


def _quota(tools: Tools, quota: str, *entity: str) -> str:
    """Set a quota, return what the tool then says of the entity, and remove it."""
    tools.run("kafka-configs", "--alter", *entity, "--add-config", quota)
    try:
        return tools.run("kafka-configs", "--describe", *entity).out
    finally:
        tools.run("kafka-configs", "--alter", *entity, "--delete-config", quota.partition("=")[0])


@SCENARIOS("kafka-configs/quotas of users, of their clients, of addresses, by default")
def all_quotas(tools: Tools) -> None:
    name = tools.name()
    user = ("--entity-type", "users", "--entity-name", name)
    client = ("--entity-type", "clients", "--entity-default")
    said = _quota(tools, "request_percentage=250", *user)
    contains("a user", said, f"user-principal '{name}'", "request_percentage=250.0")
    said = _quota(tools, "consumer_byte_rate=5000000", *user, *client)
    contains(
        "its clients", said, f"user-principal '{name}', the default client-id", "consumer_byte_rate=5000000.0"
    )
    said = _quota(tools, "connection_creation_rate=1000", "--entity-type", "ips", "--entity-name", "10.1.2.3")
    contains("an address", said, "ip '10.1.2.3'", "connection_creation_rate=1000.0")
    said = _quota(tools, "controller_mutation_rate=500", "--entity-type", "users", "--entity-default")
    contains("by default", said, "controller_mutation_rate=500.0")


@SCENARIOS("kafka-configs/quotas: refuses what is invalid")
def invalid_quotas(tools: Tools) -> None:
    entity = ("--entity-type", "clients", "--entity-name", tools.name())
    for quota in ("no_such_rate=1", "producer_byte_rate=many", "producer_byte_rate=-5"):
        tools.refused("kafka-configs", "--alter", *entity, "--add-config", quota)
    lacks("what is kept", tools.run("kafka-configs", "--describe", *entity).out, "_rate")


@SCENARIOS("kafka-configs/broker loggers: describe")
def broker_loggers(tools: Tools) -> None:
    broker = tools.run("kafka-cluster", "list-endpoints").lines[1].split()[0]
    said = tools.run(
        "kafka-configs", "--describe", "--entity-type", "broker-loggers", "--entity-name", broker
    )
    contains("the root logger", said.out, "root=")
