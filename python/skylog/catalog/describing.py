"""DescribeConfigs: which value every config has, and where it comes from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import IntEnum

from skylog.catalog.broker_configs import DYNAMIC_CONFIGS, STATIC_CONFIGS
from skylog.catalog.catalog import Catalog
from skylog.catalog.definitions import ConfigDefinition, ConfigSource, Layer, shortened
from skylog.catalog.names import check_topic_name
from skylog.catalog.settings import Settings
from skylog.catalog.topic_configs import TOPIC_CONFIGS
from skylog.catalog.verdicts import verdict
from skylog.config import Config
from skylog.errors import SkylogError
from skylog.model import ClusterView
from skylog.wire.codes import ErrorCode, KafkaError
from skylog.wire.exchange import Body, Handler, Request

DESCRIBE_CONFIGS = 32


class ResourceType(IntEnum):
    """What has configs, in Kafka's numbers."""

    TOPIC = 2
    BROKER = 4


class DescribingHandler:
    """Shows configs, from memory."""

    def __init__(self, catalog: Catalog, config: Config, view: Callable[[], ClusterView]) -> None:
        self._catalog = catalog
        self._config = config
        self._view = view

    def handlers(self) -> dict[int, Handler]:
        """Return the handlers by api key."""
        return {DESCRIBE_CONFIGS: self.describe_configs}

    async def describe_configs(self, request: Request) -> Body:
        """Answer DescribeConfigs v1-v4."""
        return {"results": [self._result(resource, request.body) for resource in request.body["resources"]]}

    def _result(self, resource: Body, options: Body) -> Body:
        try:
            entries = self._entries(resource["resource_type"], resource["resource_name"])
            configs = _chosen(entries, resource["configuration_keys"], options)
            outcome: SkylogError | None = None
        except SkylogError as error:
            configs, outcome = [], error
        code, message = verdict(outcome)
        return {
            "error_code": code,
            "error_message": message,
            "resource_type": resource["resource_type"],
            "resource_name": resource["resource_name"],
            "configs": configs,
        }

    def _entries(self, kind: int, name: str) -> Iterator[Body]:
        if kind == ResourceType.TOPIC:
            return self._topic(name)
        if kind == ResourceType.BROKER:
            return self._broker(name)
        raise KafkaError(ErrorCode.INVALID_REQUEST, f"Unsupported resource type {kind}: expected 2 or 4")

    def _topic(self, name: str) -> Iterator[Body]:
        check_topic_name(name)
        topic = self._catalog.by_name(name)
        if topic is None:
            raise KafkaError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, f"There is no topic '{name}'")
        return _topic_entries(self._catalog.settings, topic.configs)

    def _broker(self, name: str) -> Iterator[Body]:
        if not name:
            return _cluster_entries(self._catalog.settings)
        self_id = self._view().self_id
        if name != str(self_id):
            raise KafkaError(
                ErrorCode.INVALID_REQUEST,
                f"Broker: expected {self_id}, which is asked, or nothing, found '{shortened(name)}'",
            )
        return _broker_entries(self._catalog.settings, self._config)


def topic_entries(settings: Settings, configs: Mapping[str, str]) -> list[Body]:
    """Return all configs of a topic that sets `configs` itself, in the shorter form of CreateTopics."""
    fields = ("name", "value", "read_only", "config_source", "is_sensitive")
    return [{field: entry[field] for field in fields} for entry in _topic_entries(settings, configs)]


def _topic_entries(settings: Settings, configs: Mapping[str, str]) -> Iterator[Body]:
    for definition in TOPIC_CONFIGS.values():
        yield _entry(definition, settings.topic_layers(definition, configs), read_only=False)


def _cluster_entries(settings: Settings) -> Iterator[Body]:
    for name, value in sorted(settings.cluster.items()):
        yield _entry(DYNAMIC_CONFIGS[name], [Layer(name, value, ConfigSource.CLUSTER)], read_only=False)


def _broker_entries(settings: Settings, config: Config) -> Iterator[Body]:
    for name in sorted([*DYNAMIC_CONFIGS, *STATIC_CONFIGS]):
        static = STATIC_CONFIGS.get(name)
        if static is not None:
            yield _entry(static.definition, static.layers(config), read_only=True)
        else:
            definition = DYNAMIC_CONFIGS[name]
            yield _entry(definition, settings.broker_layers(name, definition.default), read_only=False)


def _entry(definition: ConfigDefinition, layers: Sequence[Layer], read_only: bool) -> Body:
    return {
        "name": definition.name,
        "value": layers[0].value,
        "read_only": read_only,
        "config_source": layers[0].source,
        "is_sensitive": False,
        "synonyms": [{"name": layer.name, "value": layer.value, "source": layer.source} for layer in layers],
        "config_type": definition.type,
        "documentation": definition.documentation,
    }


def _chosen(entries: Iterable[Body], keys: Sequence[str] | None, options: Body) -> list[Body]:
    """Return the entries asked for; no key at all asks for every one, as it does in Kafka."""
    wanted = set(keys or ())
    chosen = [entry for entry in entries if not wanted or entry["name"] in wanted]
    for entry in chosen:
        if not options["include_synonyms"]:
            entry["synonyms"] = []
        if not options["include_documentation"]:
            entry["documentation"] = None
    return chosen
