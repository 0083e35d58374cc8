"""What texts configs take, and in which form they are kept."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skylog.catalog.broker_configs import DYNAMIC_CONFIGS, STATIC_CONFIGS, dynamic_config
from skylog.catalog.topic_configs import TOPIC_CONFIGS, check_together, topic_config
from skylog.errors import InvalidConfig
from skylog.wire.codes import KafkaError

TAKEN = [
    ("retention.ms", "-1", "-1"),
    ("retention.ms", " +600000 ", "600000"),
    ("retention.bytes", "-9223372036854775808", "-9223372036854775808"),
    ("flush.ms", "9223372036854775807", "9223372036854775807"),
    ("max.message.bytes", "0", "0"),
    ("max.message.bytes", "2147483647", "2147483647"),
    ("segment.bytes", "1048576", "1048576"),
    ("min.cleanable.dirty.ratio", "1", "1"),
    ("min.cleanable.dirty.ratio", ".25e0", ".25e0"),
    ("preallocate", "TRUE", "true"),
    ("remote.storage.enable", "false", "false"),
    ("compression.type", "zstd", "zstd"),
    ("compression.gzip.level", "-1", "-1"),
    ("compression.gzip.level", "9", "9"),
    ("message.timestamp.type", "LogAppendTime", "LogAppendTime"),
    ("cleanup.policy", "compact , delete,compact", "compact,delete"),
    ("cleanup.policy", "", ""),
    ("leader.replication.throttled.replicas", "*", "*"),
    ("leader.replication.throttled.replicas", "0:1, 1:2", "0:1,1:2"),
]

REFUSED = [
    ("retention.ms", "-2"),
    ("retention.ms", "9223372036854775808"),
    ("retention.ms", "1_000"),
    ("retention.ms", "1.5"),
    ("retention.ms", "٣"),
    ("retention.ms", ""),
    ("retention.ms", "9" * 1_000_000),
    ("max.message.bytes", "-1"),
    ("max.message.bytes", "2147483648"),
    ("segment.bytes", "1048575"),
    ("segment.ms", "0"),
    ("min.insync.replicas", "0"),
    ("min.cleanable.dirty.ratio", "1.01"),
    ("min.cleanable.dirty.ratio", "nan"),
    ("min.cleanable.dirty.ratio", "1e999"),
    ("min.cleanable.dirty.ratio", "0." + "0" * 1_000_000),
    ("preallocate", "yes"),
    ("remote.storage.enable", "true"),
    ("compression.type", "none"),
    ("compression.gzip.level", "0"),
    ("compression.gzip.level", "10"),
    ("compression.zstd.level", "23"),
    ("message.timestamp.type", "createtime"),
    ("cleanup.policy", "compact,shred"),
    ("cleanup.policy", "compact,,delete"),
    ("leader.replication.throttled.replicas", "0:1,*"),
]


@pytest.mark.parametrize(("name", "text", "kept"), TAKEN)
def test_a_value_is_kept_in_its_one_form(name: str, text: str, kept: str) -> None:
    assert topic_config(name).canonical(text) == kept
    assert topic_config(name).canonical(kept) == kept


@pytest.mark.parametrize(("name", "text"), REFUSED)
def test_what_kafka_refuses_is_refused_in_few_words(name: str, text: str) -> None:
    with pytest.raises(InvalidConfig, match=name) as refusal:
        topic_config(name).canonical(text)
    assert len(str(refusal.value)) < 600


def test_every_default_is_a_value_of_its_own_config() -> None:
    statics = [static.definition for static in STATIC_CONFIGS.values()]
    for definition in [*TOPIC_CONFIGS.values(), *DYNAMIC_CONFIGS.values(), *statics]:
        assert definition.canonical(definition.default) == definition.default


def test_the_table_has_the_topic_configs_of_kafka() -> None:
    assert len(TOPIC_CONFIGS) == 33
    assert list(TOPIC_CONFIGS) == sorted(TOPIC_CONFIGS)
    without_broker_name = {name for name, config in TOPIC_CONFIGS.items() if config.broker_name is None}
    assert without_broker_name == {
        "follower.replication.throttled.replicas",
        "leader.replication.throttled.replicas",
        "remote.log.copy.disable",
        "remote.log.delete.on.disable",
        "remote.storage.enable",
    }


@pytest.mark.parametrize("name", ["message.format.version", "Retention.ms", "", "x" * 100_000])
def test_unknown_names_are_refused_in_few_words(name: str) -> None:
    with pytest.raises(InvalidConfig, match="Unknown topic config name") as refusal:
        topic_config(name)
    assert len(str(refusal.value)) < 300


def test_a_broker_config_is_dynamic_read_only_or_unknown() -> None:
    assert dynamic_config("log.retention.ms").default == "604800000"
    with pytest.raises(KafkaError, match="read only"):
        dynamic_config("num.partitions")
    with pytest.raises(InvalidConfig, match="Unknown broker config"):
        dynamic_config("retention.ms")


def test_compaction_lags_must_not_cross() -> None:
    check_together({"min.compaction.lag.ms": "5", "max.compaction.lag.ms": "5"})
    with pytest.raises(InvalidConfig, match=r"min\.compaction\.lag\.ms \(6\)"):
        check_together({"min.compaction.lag.ms": "6", "max.compaction.lag.ms": "5"})


@given(name=st.sampled_from(list(TOPIC_CONFIGS)), text=st.text(max_size=30))
def test_any_text_is_kept_or_refused(name: str, text: str) -> None:
    definition = topic_config(name)
    if definition.accepts(text):
        kept = definition.canonical(text)
        assert definition.canonical(kept) == kept
    else:
        with pytest.raises(InvalidConfig):
            definition.canonical(text)
