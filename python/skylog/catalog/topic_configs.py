"""The table of topic configs: Kafka 4.2's names, types, ranges and defaults.

A config that a diskless log has no use for is still taken, kept and shown, because tools set it and compare
what they find with what they set; its documentation says that it has no effect.
"""

from __future__ import annotations

from collections.abc import Mapping

from skylog.catalog.definitions import INT_MAX, LONG_MAX, ConfigDefinition, ConfigType, shortened
from skylog.errors import InvalidConfig

MAX_MESSAGE_BYTES = "max.message.bytes"
TIMESTAMP_TYPE = "message.timestamp.type"
TIMESTAMP_BEFORE_MAX_MS = "message.timestamp.before.max.ms"
TIMESTAMP_AFTER_MAX_MS = "message.timestamp.after.max.ms"
CLEANUP_POLICY = "cleanup.policy"
RETENTION_MS = "retention.ms"
RETENTION_BYTES = "retention.bytes"
MIN_COMPACTION_LAG_MS = "min.compaction.lag.ms"
MAX_COMPACTION_LAG_MS = "max.compaction.lag.ms"

_KEPT = "Kept and shown for tools that set it; it has no effect, because "
_NO_FILES = _KEPT + "partitions have no files of their own."
_NO_REPLICAS = _KEPT + "the object store replicates, not the brokers."
_NO_RECOMPRESSION = _KEPT + "records are stored as the producer compressed them."
_NO_TIERS = _KEPT + "every log lies in the object store from the start."
_THROTTLED = r"(\*|[0-9]+:[0-9]+(,[0-9]+:[0-9]+)*)?"


def _int(name: str, default: int, bounds: tuple[int, int], broker: str, text: str) -> ConfigDefinition:
    return ConfigDefinition(name, ConfigType.INT, str(default), text, *bounds, broker_name=broker)


def _long(name: str, default: int, low: int, broker: str | None, text: str) -> ConfigDefinition:
    return ConfigDefinition(name, ConfigType.LONG, str(default), text, low, LONG_MAX, broker_name=broker)


def _bool(name: str, broker: str | None, text: str, choices: tuple[str, ...] = ()) -> ConfigDefinition:
    return ConfigDefinition(name, ConfigType.BOOLEAN, "false", text, choices=choices, broker_name=broker)


def _throttled(name: str) -> ConfigDefinition:
    return ConfigDefinition(name, ConfigType.LIST, "", _NO_REPLICAS, pattern=_THROTTLED)


_DEFINITIONS = (
    ConfigDefinition(
        CLEANUP_POLICY,
        ConfigType.LIST,
        "delete",
        "What becomes of old records: 'delete' drops them by retention.ms and retention.bytes, 'compact' "
        "keeps the newest of each key and asks every record for a key. Both may stand together; an empty "
        "list keeps all.",
        choices=("compact", "delete"),
        broker_name="log.cleanup.policy",
    ),
    ConfigDefinition(
        "compression.gzip.level",
        ConfigType.INT,
        "-1",
        _NO_RECOMPRESSION,
        pattern="-1|[1-9]",
        broker_name="compression.gzip.level",
    ),
    _int("compression.lz4.level", 9, (1, 17), "compression.lz4.level", _NO_RECOMPRESSION),
    ConfigDefinition(
        "compression.type",
        ConfigType.STRING,
        "producer",
        _NO_RECOMPRESSION,
        choices=("uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"),
        broker_name="compression.type",
    ),
    _int("compression.zstd.level", 3, (-131072, 22), "compression.zstd.level", _NO_RECOMPRESSION),
    _long(
        "delete.retention.ms",
        86_400_000,
        0,
        "log.cleaner.delete.retention.ms",
        "How long a compacted log keeps the marker of a deleted key, in milliseconds.",
    ),
    _long("file.delete.delay.ms", 60_000, 0, "log.segment.delete.delay.ms", _NO_FILES),
    _long("flush.messages", LONG_MAX, 1, "log.flush.interval.messages", _NO_FILES),
    _long("flush.ms", LONG_MAX, 0, "log.flush.interval.ms", _NO_FILES),
    _throttled("follower.replication.throttled.replicas"),
    _int("index.interval.bytes", 4096, (0, INT_MAX), "log.index.interval.bytes", _NO_FILES),
    _throttled("leader.replication.throttled.replicas"),
    _long("local.retention.bytes", -2, -2, "log.local.retention.bytes", _NO_TIERS),
    _long("local.retention.ms", -2, -2, "log.local.retention.ms", _NO_TIERS),
    _long(
        MAX_COMPACTION_LAG_MS,
        LONG_MAX,
        1,
        "log.cleaner.max.compaction.lag.ms",
        "How long a record of a compacted log may wait for compaction, in milliseconds.",
    ),
    _int(
        MAX_MESSAGE_BYTES,
        1_048_588,
        (0, INT_MAX),
        "message.max.bytes",
        "The largest record batch that is taken, in bytes as it is sent, with compression and batch header.",
    ),
    _long(
        TIMESTAMP_AFTER_MAX_MS,
        3_600_000,
        0,
        "log.message.timestamp.after.max.ms",
        "How far a record's own time may lie ahead of the broker's, in milliseconds; later ones are refused.",
    ),
    _long(
        TIMESTAMP_BEFORE_MAX_MS,
        LONG_MAX,
        0,
        "log.message.timestamp.before.max.ms",
        "How far a record's own time may lie behind the broker's, in milliseconds; earlier ones are refused.",
    ),
    ConfigDefinition(
        TIMESTAMP_TYPE,
        ConfigType.STRING,
        "CreateTime",
        "Whose time a record carries: the producer's (CreateTime) or the log's (LogAppendTime).",
        choices=("CreateTime", "LogAppendTime"),
        broker_name="log.message.timestamp.type",
    ),
    ConfigDefinition(
        "min.cleanable.dirty.ratio",
        ConfigType.DOUBLE,
        "0.5",
        "The share of a compacted log that must be new before it is compacted again.",
        low=0,
        high=1,
        broker_name="log.cleaner.min.cleanable.ratio",
    ),
    _long(
        MIN_COMPACTION_LAG_MS,
        0,
        0,
        "log.cleaner.min.compaction.lag.ms",
        "How long a record of a compacted log is left alone by compaction, in milliseconds.",
    ),
    _int("min.insync.replicas", 1, (1, INT_MAX), "min.insync.replicas", _NO_REPLICAS),
    _bool("preallocate", "log.preallocate", _NO_FILES),
    _bool("remote.log.copy.disable", None, _NO_TIERS),
    _bool("remote.log.delete.on.disable", None, _NO_TIERS),
    _bool(
        "remote.storage.enable",
        None,
        "Tiered storage, which moves files to an object store, is not served: every log lies there at once.",
        choices=("false",),
    ),
    _long(
        RETENTION_BYTES,
        -1,
        -LONG_MAX - 1,
        "log.retention.bytes",
        "How many bytes of a partition are kept where cleanup.policy has 'delete'; a negative number: all.",
    ),
    _long(
        RETENTION_MS,
        604_800_000,
        -1,
        "log.retention.ms",
        "How long records are kept where cleanup.policy has 'delete', in milliseconds; -1 keeps all.",
    ),
    _int("segment.bytes", 1_073_741_824, (1_048_576, INT_MAX), "log.segment.bytes", _NO_FILES),
    _int("segment.index.bytes", 10_485_760, (4, INT_MAX), "log.index.size.max.bytes", _NO_FILES),
    _long("segment.jitter.ms", 0, 0, "log.roll.jitter.ms", _NO_FILES),
    _long("segment.ms", 604_800_000, 1, "log.roll.ms", _NO_FILES),
    _bool("unclean.leader.election.enable", "unclean.leader.election.enable", _NO_REPLICAS),
)

TOPIC_CONFIGS: Mapping[str, ConfigDefinition] = {definition.name: definition for definition in _DEFINITIONS}
"""Every topic config by name, in the order of their names."""


def topic_config(name: str) -> ConfigDefinition:
    """Return the definition of a topic config.

    Raises
    ------
    InvalidConfig
        For a name that Kafka 4.2 does not know.
    """
    definition = TOPIC_CONFIGS.get(name)
    if definition is None:
        raise InvalidConfig(f"Unknown topic config name: {shortened(name)}")
    return definition


def check_together(values: Mapping[str, str]) -> None:
    """Raise `InvalidConfig` where effective values of a topic contradict each other."""
    low, high = int(values[MIN_COMPACTION_LAG_MS]), int(values[MAX_COMPACTION_LAG_MS])
    if low > high:
        raise InvalidConfig(
            f"{MIN_COMPACTION_LAG_MS} ({low}) may not be more than {MAX_COMPACTION_LAG_MS} ({high})"
        )
