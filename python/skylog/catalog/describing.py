"""DescribeConfigs: which value every config has, and where it comes from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

from skylog.catalog.catalog import Catalog
from skylog.catalog.definitions import shortened
from skylog.catalog.entries import Form, TopicEntries, broker_entries, cluster_entries
from skylog.catalog.loggers import logger_entries
from skylog.catalog.names import check_topic_name
from skylog.catalog.resources import ResourceType
from skylog.catalog.verdicts import bounded, verdict
from skylog.config import Config
from skylog.errors import SkylogError
from skylog.model import ClusterView
from skylog.wire.codes import ErrorCode, KafkaError
from skylog.wire.exchange import Body, Handler, Request

DESCRIBE_CONFIGS = 32

Asked: TypeAlias = tuple[int, str, tuple[str, ...]]
"""A resource by type and name, and the keys that are wanted: none means all, as it does in Kafka."""


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
        """Answer DescribeConfigs v1-v4. What is asked twice is answered once."""
        body = request.body
        form = Form(body["include_synonyms"], body["include_documentation"])
        view = self._view()
        description = Description(self._catalog, as_running(self._config, view), view.self_id, form)
        asked = dict.fromkeys(_asked(each) for each in bounded(body["resources"], "resources"))
        return {"results": [_result(each, description) for each in asked]}


def as_running(config: Config, view: ClusterView) -> Config:
    """Return the configuration with the address that clients really get: a free port was chosen late."""
    node = view.self_node
    return replace(
        config, server=replace(config.server, advertised_host=node.host, advertised_port=node.port)
    )


class Description:
    """The configs of everything in one form, for one answer; what many resources share is made once."""

    def __init__(self, catalog: Catalog, config: Config, self_id: int, form: Form) -> None:
        self._catalog = catalog
        self._config = config
        self._self_id = self_id
        self._form = form
        self._topics = TopicEntries(catalog.settings, form)
        self._brokers: dict[tuple[int, str], list[Body]] = {}

    def of(self, asked: Asked) -> list[Body]:
        """Return the rows that are asked for; raises `KafkaError` for a resource that has none."""
        kind, name, keys = asked[0], asked[1], set(asked[2])
        if kind == ResourceType.TOPIC:
            return self._topic(name, keys)
        rows = self._rows(kind, name)
        return [row for row in rows if row["name"] in keys] if keys else rows

    def _topic(self, name: str, keys: set[str]) -> list[Body]:
        check_topic_name(name)
        topic = self._catalog.by_name(name)
        if topic is None:
            raise KafkaError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, f"There is no topic '{name}'")
        return self._topics.of(topic.configs, keys)

    def _rows(self, kind: int, name: str) -> list[Body]:
        if kind in {ResourceType.BROKER, ResourceType.BROKER_LOGGER}:
            self._check_broker(kind, name)
            key = kind, name
            if key not in self._brokers:
                self._brokers[key] = self._broker(name) if kind == ResourceType.BROKER else self._loggers()
            return self._brokers[key]
        if kind not in {ResourceType.CLIENT_METRICS, ResourceType.GROUP}:
            expected = ", ".join(str(known.value) for known in ResourceType)
            raise KafkaError(
                ErrorCode.INVALID_REQUEST, f"Unsupported resource type {kind}: expected one of {expected}"
            )
        if not name:
            raise KafkaError(ErrorCode.INVALID_REQUEST, "The resource has no name")
        return []

    def _check_broker(self, kind: int, name: str) -> None:
        everyone = {""} if kind == ResourceType.BROKER else set()
        if name not in {str(self._self_id), *everyone}:
            raise KafkaError(
                ErrorCode.INVALID_REQUEST,
                f"Broker: expected {self._self_id}, which is asked, found '{shortened(name)}'",
            )

    def _broker(self, name: str) -> list[Body]:
        settings, config, form = self._catalog.settings, self._config, self._form
        return broker_entries(settings, config, form) if name else cluster_entries(settings, form)

    def _loggers(self) -> list[Body]:
        return logger_entries(self._form)


def _result(asked: Asked, description: Description) -> Body:
    configs: list[Body] = []
    outcome: SkylogError | None = None
    try:
        configs = description.of(asked)
    except SkylogError as error:
        outcome = error
    code, message = verdict(outcome)
    kind, name, _ = asked
    return {
        "error_code": code,
        "error_message": message,
        "resource_type": kind,
        "resource_name": name,
        "configs": configs,
    }


def _asked(resource: Body) -> Asked:
    keys = resource["configuration_keys"] or ()
    return resource["resource_type"], resource["resource_name"], tuple(dict.fromkeys(keys))
