"""Which of a config's values holds."""

import logging

import pytest

from skylog.catalog.definitions import ConfigSource
from skylog.catalog.settings import AppendRules, Settings
from skylog.catalog.topic_configs import TOPIC_CONFIGS, topic_config
from skylog.config import TopicsConfig
from skylog.errors import InvalidConfig


def sources(settings: Settings, name: str, **configs: str) -> list[tuple[str, str, ConfigSource]]:
    own = {key.replace("_", "."): value for key, value in configs.items()}
    layers = settings.topic_layers(topic_config(name), own)
    return [(layer.name, layer.value, layer.source) for layer in layers]


def test_without_any_setting_kafkas_defaults_hold() -> None:
    settings = Settings(TopicsConfig())
    assert settings.effective({}) == {name: config.default for name, config in TOPIC_CONFIGS.items()}
    assert settings.rules({}) == AppendRules(
        batch_bytes_max=1_048_588,
        log_append_time=False,
        compacted=False,
        timestamp_before_ms_max=2**63 - 1,
        timestamp_after_ms_max=3_600_000,
    )


def test_topic_before_cluster_before_file_before_default() -> None:
    settings = Settings(TopicsConfig(max_message_bytes=2_000))
    default = ("message.max.bytes", "1048588", ConfigSource.DEFAULT)
    file = ("message.max.bytes", "2000", ConfigSource.FILE)
    cluster = ("message.max.bytes", "3000", ConfigSource.CLUSTER)
    topic = ("max.message.bytes", "4000", ConfigSource.TOPIC)
    assert sources(settings, "max.message.bytes") == [file, default]
    settings.replace_cluster({"message.max.bytes": "3000"})
    assert sources(settings, "max.message.bytes") == [cluster, file, default]
    assert settings.rules({}).batch_bytes_max == 3000
    assert sources(settings, "max.message.bytes", max_message_bytes="4000") == [topic, cluster, file, default]
    assert settings.rules({"max.message.bytes": "4000"}).batch_bytes_max == 4000


def test_a_topics_own_values_become_its_rules() -> None:
    rules = Settings(TopicsConfig()).rules(
        {
            "cleanup.policy": "compact,delete",
            "message.timestamp.type": "LogAppendTime",
            "message.timestamp.before.max.ms": "10",
            "message.timestamp.after.max.ms": "20",
        }
    )
    assert rules == AppendRules(1_048_588, True, True, 10, 20)


def test_what_another_version_stored_does_not_stop_this_one(caplog: pytest.LogCaptureFixture) -> None:
    settings = Settings(TopicsConfig())
    settings.replace_cluster({"log.invented.ms": "1", "message.max.bytes": "many"})
    assert settings.cluster == {}
    with caplog.at_level(logging.WARNING, "skylog.catalog"):
        assert settings.rules({"invented.ms": "1", "max.message.bytes": "many"}) == settings.rules({})
    assert "invented.ms=1" in caplog.text
    assert sources(settings, "max.message.bytes", max_message_bytes="many")[0][2] is ConfigSource.DEFAULT


def test_values_for_all_brokers_may_not_cross() -> None:
    settings = Settings(TopicsConfig())
    with pytest.raises(InvalidConfig, match=r"min\.compaction"):
        settings.check_cluster(
            {"log.cleaner.min.compaction.lag.ms": "9", "log.cleaner.max.compaction.lag.ms": "8"}
        )
    assert settings.cluster == {}
