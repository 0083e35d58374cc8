"""The rows of configs, as DescribeConfigs and CreateTopics show them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from skylog.catalog.broker_configs import DYNAMIC_CONFIGS, STATIC_CONFIGS
from skylog.catalog.definitions import ConfigDefinition, ConfigSource, Layer
from skylog.catalog.settings import Settings
from skylog.catalog.topic_configs import TOPIC_CONFIGS
from skylog.config import Config
from skylog.wire.exchange import Body
from skylog.wire.shared import SharedRows


@dataclass(frozen=True, slots=True)
class Form:
    """How much a row says. CreateTopics has no room for more than the value and where it comes from."""

    synonyms: bool = False
    documentation: bool = False
    described: bool = True

    def row(self, definition: ConfigDefinition, layers: Sequence[Layer], read_only: bool) -> Body:
        """Return the row of a config that has the values `layers`, the one that holds first."""
        row: Body = {
            "name": definition.name,
            "value": layers[0].value,
            "read_only": read_only,
            "config_source": layers[0].source,
            "is_sensitive": False,
        }
        if self.described:
            row["synonyms"] = [_synonym(layer) for layer in layers] if self.synonyms else []
            row["config_type"] = definition.type
            row["documentation"] = definition.documentation if self.documentation else None
        return row


class TopicEntries:
    """Rows of topics' configs for one answer.

    What a topic does not set itself is the same row for all topics, and topics that set nothing share all
    rows, encoded once, so many topics take little more than one.
    """

    def __init__(self, settings: Settings, form: Form) -> None:
        self._settings = settings
        self._form = form
        self._inherited = {name: self._row(name, {}) for name in TOPIC_CONFIGS}
        self._untouched = SharedRows(self._inherited.values())

    def of(self, configs: Mapping[str, str], names: Collection[str] = ()) -> list[Body]:
        """Return the rows of a topic that sets `configs` itself; without `names` all of them. Read only."""
        if not configs and not names:
            return self._untouched
        return [
            self._row(name, configs) if name in configs else row
            for name, row in self._inherited.items()
            if not names or name in names
        ]

    def _row(self, name: str, configs: Mapping[str, str]) -> Body:
        definition = TOPIC_CONFIGS[name]
        return self._form.row(definition, self._settings.topic_layers(definition, configs), read_only=False)


def cluster_entries(settings: Settings, form: Form) -> list[Body]:
    """Return the rows of what was set for all brokers."""
    return [
        form.row(DYNAMIC_CONFIGS[name], [Layer(name, value, ConfigSource.CLUSTER)], read_only=False)
        for name, value in sorted(settings.cluster.items())
    ]


def broker_entries(settings: Settings, config: Config, form: Form) -> list[Body]:
    """Return the rows of this broker's configs."""
    rows = [
        form.row(definition, settings.broker_layers(name, definition.default), read_only=False)
        for name, definition in DYNAMIC_CONFIGS.items()
    ]
    rows += [
        form.row(static.definition, static.layers(config), read_only=True)
        for static in STATIC_CONFIGS.values()
    ]
    return sorted(rows, key=lambda row: str(row["name"]))


def _synonym(layer: Layer) -> Body:
    return {"name": layer.name, "value": layer.value, "source": layer.source}
