"""Which value holds: a topic's own, else the cluster's, else the file's, else Kafka's default."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass

from skylog.catalog import topic_configs as keys
from skylog.catalog.broker_configs import DYNAMIC_CONFIGS, written_defaults
from skylog.catalog.definitions import ConfigDefinition, ConfigSource, Layer, split_list
from skylog.catalog.topic_configs import TOPIC_CONFIGS, check_together
from skylog.config import TopicsConfig

log = logging.getLogger("skylog.catalog")


@dataclass(frozen=True, slots=True)
class AppendRules:
    """What a topic asks of the batches appended to it: the words of `TopicTable.put`."""

    batch_bytes_max: int
    log_append_time: bool
    compacted: bool
    timestamp_before_ms_max: int
    timestamp_after_ms_max: int


class Settings:
    """The effective values of topics; `cluster` holds what was set for all brokers at run time."""

    def __init__(self, config: TopicsConfig) -> None:
        self._config = config
        self._file = written_defaults(config)
        self._cluster: Mapping[str, str] = {}
        self._defaults: Mapping[str, str] = {}
        self._default_rules: AppendRules
        self.replace_cluster({})

    @property
    def cluster(self) -> Mapping[str, str]:
        """The values set for all brokers at run time, by broker config name."""
        return self._cluster

    @property
    def num_partitions(self) -> int:
        """Partitions of a topic that is created without saying how many."""
        return self._config.num_partitions

    @property
    def partitions_max(self) -> int:
        """Partitions of one topic, at most."""
        return self._config.partitions_max

    @property
    def auto_create(self) -> bool:
        """Whether Metadata may create the topics it is asked for."""
        return self._config.auto_create_topics_enable

    def replace_cluster(self, values: Mapping[str, str]) -> None:
        """Take the values set for all brokers as they are now."""
        self._cluster = _usable(values, DYNAMIC_CONFIGS, "the cluster")
        self._defaults = {name: self._inherited(d)[0].value for name, d in TOPIC_CONFIGS.items()}
        self._default_rules = _rules(self._defaults)

    def check_cluster(self, values: Mapping[str, str]) -> None:
        """Raise `InvalidConfig` where values for all brokers would contradict each other."""
        trial = Settings(self._config)
        trial.replace_cluster(values)
        check_together(trial.effective({}))

    def effective(self, configs: Mapping[str, str]) -> dict[str, str]:
        """Return the values of all topic configs for a topic that sets `configs` itself."""
        return {**self._defaults, **_usable(configs, TOPIC_CONFIGS, "a topic")}

    def rules(self, configs: Mapping[str, str]) -> AppendRules:
        """Return what a topic that sets `configs` itself asks of batches."""
        return _rules(self.effective(configs)) if configs else self._default_rules

    def deletes(self, configs: Mapping[str, str]) -> bool:
        """Say whether a topic that sets `configs` itself lets old records be deleted."""
        return "delete" in split_list(self.effective(configs)[keys.CLEANUP_POLICY])

    def topic_layers(self, definition: ConfigDefinition, configs: Mapping[str, str]) -> list[Layer]:
        """Return the values that one config of a topic has, the one that holds first."""
        inherited = self._inherited(definition)
        own = configs.get(definition.name)
        if own is None or not definition.accepts(own):
            return inherited
        return [Layer(definition.name, own, ConfigSource.TOPIC), *inherited]

    def broker_layers(self, name: str, default: str) -> list[Layer]:
        """Return the values that a default of topics has, by broker config name, the one that holds first."""
        layers = [Layer(name, default, ConfigSource.DEFAULT)]
        if self._file.get(name, default) != default:
            layers.insert(0, Layer(name, self._file[name], ConfigSource.FILE))
        if name in self._cluster:
            layers.insert(0, Layer(name, self._cluster[name], ConfigSource.CLUSTER))
        return layers

    def _inherited(self, definition: ConfigDefinition) -> list[Layer]:
        if definition.broker_name is None:
            return [Layer(definition.name, definition.default, ConfigSource.DEFAULT)]
        return self.broker_layers(definition.broker_name, definition.default)


def _usable(
    values: Mapping[str, str], definitions: Mapping[str, ConfigDefinition], whose: str
) -> dict[str, str]:
    """Leave out what this version does not know or take: another one may have stored it."""
    usable = {}
    for name, value in values.items():
        if name in definitions and definitions[name].accepts(value):
            usable[name] = value
        else:
            log.warning("stored config %s=%s of %s is not taken: the default holds", name, value, whose)
    return usable


def _rules(values: Mapping[str, str]) -> AppendRules:
    return AppendRules(
        batch_bytes_max=int(values[keys.MAX_MESSAGE_BYTES]),
        log_append_time=values[keys.TIMESTAMP_TYPE] == "LogAppendTime",
        compacted="compact" in split_list(values[keys.CLEANUP_POLICY]),
        timestamp_before_ms_max=int(values[keys.TIMESTAMP_BEFORE_MAX_MS]),
        timestamp_after_ms_max=int(values[keys.TIMESTAMP_AFTER_MAX_MS]),
    )
