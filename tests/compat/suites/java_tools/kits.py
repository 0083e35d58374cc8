"""The tools of one version of Kafka: their jars, their classes, and how each is told where the broker is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from compat.suites.java_tools.jars import Jars

_PACKAGE = "org.apache.kafka.tools"
_BOOTSTRAP, _BROKERS = "--bootstrap-server", "--broker-list"


@dataclass(frozen=True, slots=True)
class Kit:
    """All that a scenario may run.

    Attributes
    ----------
    jars
        Where the classes are.
    classes
        The main class of each tool.
    options
        The option that names the broker, of tools that call it something else than `--bootstrap-server`;
        empty for those that take it as one of their properties.
    broker_last
        Tools that want it behind their subcommand.
    """

    jars: Jars
    classes: Mapping[str, str]
    options: Mapping[str, str] = field(default_factory=dict)
    broker_last: frozenset[str] = frozenset()

    def pointed(self, tool: str, arguments: Sequence[str], bootstrap: str) -> list[str]:
        """Return the arguments with those that name the broker."""
        option = self.options.get(tool, _BOOTSTRAP)
        broker = [option, bootstrap] if option else []
        return [*arguments, *broker] if tool in self.broker_last else [*broker, *arguments]


PRESENT = Kit(
    Jars(
        "4.3.1",
        (
            ("org.apache.kafka", "kafka-tools", "4.3.1"),
            ("org.apache.kafka", "kafka_2.13", "4.3.1"),
            ("org.apache.logging.log4j", "log4j-slf4j-impl", "2.25.4"),
        ),
    ),
    {
        "kafka-acls": f"{_PACKAGE}.AclCommand",
        "kafka-broker-api-versions": f"{_PACKAGE}.BrokerApiVersionsCommand",
        "kafka-client-metrics": f"{_PACKAGE}.ClientMetricsCommand",
        "kafka-cluster": f"{_PACKAGE}.ClusterTool",
        "kafka-configs": "kafka.admin.ConfigCommand",
        "kafka-console-consumer": f"{_PACKAGE}.consumer.ConsoleConsumer",
        "kafka-console-producer": f"{_PACKAGE}.ConsoleProducer",
        "kafka-console-share-consumer": f"{_PACKAGE}.consumer.ConsoleShareConsumer",
        "kafka-consumer-groups": f"{_PACKAGE}.consumer.group.ConsumerGroupCommand",
        "kafka-consumer-perf-test": f"{_PACKAGE}.ConsumerPerformance",
        "kafka-delete-records": f"{_PACKAGE}.DeleteRecordsCommand",
        "kafka-e2e-latency": f"{_PACKAGE}.EndToEndLatency",
        "kafka-features": f"{_PACKAGE}.FeatureCommand",
        "kafka-get-offsets": f"{_PACKAGE}.GetOffsetShell",
        "kafka-groups": f"{_PACKAGE}.GroupsCommand",
        "kafka-leader-election": f"{_PACKAGE}.LeaderElectionCommand",
        "kafka-log-dirs": f"{_PACKAGE}.LogDirsCommand",
        "kafka-metadata-quorum": f"{_PACKAGE}.MetadataQuorumCommand",
        "kafka-producer-perf-test": f"{_PACKAGE}.ProducerPerformance",
        "kafka-reassign-partitions": f"{_PACKAGE}.reassign.ReassignPartitionsCommand",
        "kafka-replica-verification": f"{_PACKAGE}.ReplicaVerificationTool",
        "kafka-streams-application-reset": f"{_PACKAGE}.StreamsResetter",
        "kafka-topics": f"{_PACKAGE}.TopicCommand",
        "kafka-transactions": f"{_PACKAGE}.TransactionsCommand",
        "kafka-verifiable-consumer": f"{_PACKAGE}.VerifiableConsumer",
        "kafka-verifiable-producer": f"{_PACKAGE}.VerifiableProducer",
        "client-compatibility-test": f"{_PACKAGE}.ClientCompatibilityTest",
        "transactional-message-copier": f"{_PACKAGE}.TransactionalMessageCopier",
    },
    {"transactional-message-copier": _BROKERS, "kafka-replica-verification": _BROKERS},
    frozenset({"kafka-cluster"}),
)

PAST = Kit(
    Jars(
        "2.1.1",
        (("org.apache.kafka", "kafka-tools", "2.1.1"), ("org.apache.kafka", "kafka_2.12", "2.1.1")),
    ),
    {
        "client-compatibility-test": f"{_PACKAGE}.ClientCompatibilityTest",
        "kafka-broker-api-versions": "kafka.admin.BrokerApiVersionsCommand",
        "kafka-console-consumer": "kafka.tools.ConsoleConsumer",
        "kafka-console-producer": "kafka.tools.ConsoleProducer",
        "kafka-consumer-groups": "kafka.admin.ConsumerGroupCommand",
        "kafka-consumer-perf-test": "kafka.tools.ConsumerPerformance",
        "kafka-delete-records": "kafka.admin.DeleteRecordsCommand",
        "kafka-get-offsets": "kafka.tools.GetOffsetShell",
        "kafka-log-dirs": "kafka.admin.LogDirsCommand",
        "kafka-producer-perf-test": f"{_PACKAGE}.ProducerPerformance",
        "kafka-verifiable-consumer": f"{_PACKAGE}.VerifiableConsumer",
        "kafka-verifiable-producer": f"{_PACKAGE}.VerifiableProducer",
    },
    {
        "kafka-console-producer": _BROKERS,
        "kafka-consumer-perf-test": _BROKERS,
        "kafka-get-offsets": _BROKERS,
        "kafka-producer-perf-test": "",
        "kafka-verifiable-consumer": _BROKERS,
        "kafka-verifiable-producer": _BROKERS,
    },
)
