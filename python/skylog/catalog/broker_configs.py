"""The table of broker configs that are shown, and which of them may be changed while the broker runs.

Two kinds: defaults of topic configs, which can be changed for the whole cluster (any broker serves any
partition, so a value for a single broker would mean nothing), and facts of the configuration file under the
names that Kafka has for them, read only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from skylog.catalog.definitions import ConfigDefinition, ConfigSource, ConfigType, Layer, shortened
from skylog.catalog.topic_configs import TOPIC_CONFIGS
from skylog.config import Config, TopicsConfig
from skylog.errors import InvalidConfig
from skylog.wire.codes import ErrorCode, KafkaError

DYNAMIC_CONFIGS: Mapping[str, ConfigDefinition] = {
    topic.broker_name: replace(
        topic, name=topic.broker_name, documentation=f"The default of the topic config {topic.name}."
    )
    for topic in TOPIC_CONFIGS.values()
    if topic.broker_name is not None
}
"""Broker configs that may be changed at run time, by name: the defaults of topics."""


@dataclass(frozen=True, slots=True)
class StaticConfig:
    """A broker config that only the configuration file sets, and where it stands there."""

    definition: ConfigDefinition
    read: Callable[[Config], str]

    def layers(self, config: Config) -> list[Layer]:
        """Return the values that it has, the one that holds first."""
        default = Layer(self.definition.name, self.definition.default, ConfigSource.DEFAULT)
        value = self.read(config)
        if value == default.value:
            return [default]
        return [Layer(default.name, value, ConfigSource.FILE), default]


def _static(
    name: str, kind: ConfigType, default: object, read: Callable[[Config], object], text: str
) -> StaticConfig:
    definition = ConfigDefinition(name, kind, _written(default), text)
    return StaticConfig(definition, lambda config: _written(read(config)))


def _written(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


_INT, _BOOL, _TEXT = ConfigType.INT, ConfigType.BOOLEAN, ConfigType.STRING

_STATIC = (
    _static(
        "advertised.listeners",
        _TEXT,
        None,
        lambda config: f"PLAINTEXT://{config.server.advertised_host}:{config.server.advertised_port}",
        "Where clients reach this broker.",
    ),
    _static(
        "auto.create.topics.enable",
        _BOOL,
        True,
        lambda config: config.topics.auto_create_topics_enable,
        "Whether asking for a topic that does not exist creates it.",
    ),
    _static("broker.id", _INT, -1, lambda config: config.server.node_id, "This broker's number."),
    _static("broker.rack", _TEXT, None, lambda config: config.server.rack, "The zone this broker stands in."),
    _static(
        "controller.quota.window.num",
        _INT,
        11,
        lambda config: config.quotas.controller_window_num,
        "Windows of time over which a client's changes of topics are counted.",
    ),
    _static(
        "controller.quota.window.size.seconds",
        _INT,
        1,
        lambda config: config.quotas.controller_window_size_seconds,
        "How long each of them is, in seconds.",
    ),
    _static(
        "default.replication.factor",
        _INT,
        1,
        lambda _: 1,
        "Replicas that brokers hold of a partition: one is shown, the object store keeps the copies.",
    ),
    _static("delete.topic.enable", _BOOL, True, lambda _: True, "Whether topics can be deleted."),
    _static(
        "fetch.max.bytes",
        _INT,
        57_671_680,
        lambda config: config.fetch.response_bytes_max,
        "The largest answer to a fetch, in bytes.",
    ),
    _static(
        "group.initial.rebalance.delay.ms",
        _INT,
        3_000,
        lambda config: config.groups.initial_rebalance_delay_ms,
        "How long the first rebalance of an empty group waits for more members, in milliseconds.",
    ),
    _static(
        "group.max.session.timeout.ms",
        _INT,
        1_800_000,
        lambda config: config.groups.max_session_timeout_ms,
        "The longest session timeout that a group member may ask for, in milliseconds.",
    ),
    _static(
        "group.max.size",
        _INT,
        2_147_483_647,
        lambda config: config.groups.max_size,
        "The most members that a group may have.",
    ),
    _static(
        "group.min.session.timeout.ms",
        _INT,
        6_000,
        lambda config: config.groups.min_session_timeout_ms,
        "The shortest session timeout that a group member may ask for, in milliseconds.",
    ),
    _static(
        "max.connections",
        _INT,
        2_147_483_647,
        lambda config: config.server.connections_max,
        "The most connections that this broker holds at once.",
    ),
    _static(
        "max.incremental.fetch.session.cache.slots",
        _INT,
        1_000,
        lambda config: config.fetch.session_slots_max,
        "The most fetch sessions that this broker holds.",
    ),
    _static("node.id", _INT, -1, lambda config: config.server.node_id, "This broker's number."),
    _static(
        "num.partitions",
        _INT,
        1,
        lambda config: config.topics.num_partitions,
        "Partitions of a topic that is created without saying how many.",
    ),
    _static(
        "offset.metadata.max.bytes",
        _INT,
        4_096,
        lambda config: config.groups.offset_metadata_bytes_max,
        "The largest note that may stand beside a committed offset, in bytes.",
    ),
    _static(
        "quota.window.num",
        _INT,
        11,
        lambda config: config.quotas.window_num,
        "Windows of time over which a client's bytes, request time and connections are counted.",
    ),
    _static(
        "quota.window.size.seconds",
        _INT,
        1,
        lambda config: config.quotas.window_size_seconds,
        "How long each of them is, in seconds.",
    ),
    _static(
        "socket.request.max.bytes",
        _INT,
        104_857_600,
        lambda config: config.server.frame_bytes_max,
        "The largest request that is read, in bytes.",
    ),
)

STATIC_CONFIGS: Mapping[str, StaticConfig] = {static.definition.name: static for static in _STATIC}
"""Read-only broker configs by name."""


def dynamic_config(name: str) -> ConfigDefinition:
    """Return the definition of a broker config that can be changed at run time.

    Raises
    ------
    KafkaError
        INVALID_REQUEST for a config that is read only.
    InvalidConfig
        For a name that is unknown.
    """
    definition = DYNAMIC_CONFIGS.get(name)
    if definition is not None:
        return definition
    if name in STATIC_CONFIGS:
        raise KafkaError(
            ErrorCode.INVALID_REQUEST,
            f"Broker config {name} is read only: set it where the broker is started",
        )
    raise InvalidConfig(f"Unknown broker config name: {shortened(name)}")


def written_defaults(config: TopicsConfig) -> dict[str, str]:
    """Return the defaults of topics that the configuration file sets, by broker config name."""
    return {"message.max.bytes": str(config.max_message_bytes)}
