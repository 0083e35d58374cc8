"""AlterConfigs and IncrementalAlterConfigs."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from enum import IntEnum
from typing import TypeAlias

from skylog.catalog.broker_configs import DYNAMIC_CONFIGS, dynamic_config
from skylog.catalog.catalog import Catalog
from skylog.catalog.changing import WAIT_MS_DEFAULT, change_each
from skylog.catalog.definitions import ConfigDefinition, ConfigType, shortened, split_list
from skylog.catalog.names import check_topic_name
from skylog.catalog.resources import ResourceType
from skylog.catalog.topic_configs import TOPIC_CONFIGS, check_together, topic_config
from skylog.catalog.verdicts import bounded, repeated, verdict
from skylog.errors import InvalidConfig, SkylogError
from skylog.model import ClusterView, ConfigChange
from skylog.wire.codes import ErrorCode, KafkaError
from skylog.wire.exchange import Body, Handler, Request

ALTER_CONFIGS, INCREMENTAL_ALTER_CONFIGS = 33, 44

Resource: TypeAlias = tuple[int, str]
Edit: TypeAlias = Sequence[Body]
"""Configs of one resource, each with what is to be done."""
Complete: TypeAlias = Callable[[Resource, Edit], Edit]


class Operation(IntEnum):
    """What to do with one key, in Kafka's numbers."""

    SET = 0
    DELETE = 1
    APPEND = 2
    SUBTRACT = 3


class AlteringHandler:
    """Changes configs of topics and of all brokers: 1 query for all of a request, durable before the answer.

    Per resource all or nothing. What is set for one broker alone is refused: any broker serves any partition.
    Deleting there what cannot be set does nothing, for tools tidy up after themselves.
    """

    def __init__(self, catalog: Catalog, view: Callable[[], ClusterView]) -> None:
        self._catalog = catalog
        self._view = view

    def handlers(self) -> dict[int, Handler]:
        """Return the handlers by api key."""
        return {
            ALTER_CONFIGS: self.alter_configs,
            INCREMENTAL_ALTER_CONFIGS: self.incremental_alter_configs,
        }

    async def alter_configs(self, request: Request) -> Body:
        """Answer AlterConfigs v0-v2: what a resource sets and is not named here goes back to its default."""
        return await self._answer(request.body, self._replacing)

    async def incremental_alter_configs(self, request: Request) -> Body:
        """Answer IncrementalAlterConfigs v0-v1."""
        return await self._answer(request.body, _as_it_is)

    async def _answer(self, body: Body, complete: Complete) -> Body:
        """Change what is asked for. A resource that stands twice gets one answer, an error."""
        edits = {_resource(edit): edit["configs"] for edit in bounded(body["resources"], "resources")}
        twice = repeated(_resource(edit) for edit in body["resources"])

        async def work() -> dict[Resource, ConfigChange | SkylogError]:
            # Only in its turn does a change see what is set now.
            whole = {resource: complete(resource, edit) for resource, edit in edits.items()}
            return await self._alter(whole, twice, body["validate_only"])

        outcomes = await change_each(self._catalog, edits, work, WAIT_MS_DEFAULT)
        return {"responses": [_row(resource, outcomes[resource]) for resource in edits]}

    async def _alter(
        self, edits: Mapping[Resource, Edit], twice: set[Resource], validate_only: bool
    ) -> dict[Resource, ConfigChange | SkylogError]:
        outcomes: dict[Resource, ConfigChange | SkylogError] = {}
        for resource, edit in edits.items():
            try:
                if resource in twice:
                    raise KafkaError(ErrorCode.INVALID_REQUEST, "Each resource must appear at most once.")
                outcomes[resource] = self._change(resource, edit)
            except SkylogError as error:
                outcomes[resource] = error
        changes = {at: change for at, change in outcomes.items() if isinstance(change, ConfigChange)}
        if changes and not validate_only:
            answers = await self._catalog.alter(list(changes.values()))
            outcomes |= {at: error for at, error in zip(changes, answers, strict=True) if error is not None}
        return outcomes

    def _replacing(self, resource: Resource, edit: Edit) -> Edit:
        """Return the same edit in increments: what is named is set, all else that is set now is deleted."""
        named = {entry["name"] for entry in edit}
        sets = [{**entry, "config_operation": Operation.SET} for entry in edit]
        return sets + [
            {"name": name, "value": None, "config_operation": Operation.DELETE}
            for name in self._explicit(resource)
            if name not in named
        ]

    def _explicit(self, resource: Resource) -> Mapping[str, str]:
        kind, name = resource
        if kind == ResourceType.BROKER:
            return {} if name else self._catalog.settings.cluster
        topic = self._catalog.by_name(name) if kind == ResourceType.TOPIC else None
        return {} if topic is None else topic.configs

    def _change(self, resource: Resource, edit: Edit) -> ConfigChange:
        kind, name = resource
        if repeated(entry["name"] for entry in edit):
            raise KafkaError(ErrorCode.INVALID_REQUEST, "Each config must appear at most once.")
        if kind == ResourceType.TOPIC:
            return self._topic_change(name, edit)
        if kind == ResourceType.BROKER:
            return self._broker_change(name, edit) if name else self._cluster_change(edit)
        raise KafkaError(ErrorCode.INVALID_REQUEST, f"Unsupported resource type {kind}: expected 2 or 4")

    def _topic_change(self, name: str, edit: Edit) -> ConfigChange:
        if not name:
            raise KafkaError(ErrorCode.INVALID_REQUEST, "A topic has no name")
        check_topic_name(name)
        topic = self._catalog.by_name(name)
        if topic is None:
            raise KafkaError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, f"There is no topic '{shortened(name)}'")
        settings = self._catalog.settings
        inherited = settings.effective({})
        values = {
            entry["name"]: _edited(
                topic_config(entry["name"]), entry, topic.configs, inherited[entry["name"]]
            )
            for entry in edit
            if not _deletes_nothing(entry, TOPIC_CONFIGS)
        }
        check_together(settings.effective(_merged(topic.configs, values)))
        return ConfigChange("topic", name, values)

    def _broker_change(self, name: str, edit: Edit) -> ConfigChange:
        brokers = {str(node.node_id) for node in self._view().nodes}
        if name not in brokers or not all(_deletes_nothing(entry, ()) for entry in edit):
            raise KafkaError(
                ErrorCode.INVALID_REQUEST,
                f"Configs of broker '{shortened(name)}' alone cannot be changed, for any broker serves any "
                "partition: name no broker, which means all of them",
            )
        return ConfigChange("broker", "", {})

    def _cluster_change(self, edit: Edit) -> ConfigChange:
        explicit = self._catalog.settings.cluster
        values = {}
        for entry in edit:
            if not _deletes_nothing(entry, DYNAMIC_CONFIGS):
                definition = dynamic_config(entry["name"])
                values[definition.name] = _edited_of_all(definition, entry, explicit)
        self._catalog.settings.check_cluster(_merged(explicit, values))
        return ConfigChange("broker", "", values)


def _edited(
    definition: ConfigDefinition, entry: Body, explicit: Mapping[str, str], inherited: str
) -> str | None:
    """Return the new explicit value, None for none: lists grow and shrink from the value that holds."""
    operation, value = entry["config_operation"], entry["value"]
    if operation == Operation.DELETE:
        return None
    if value is None:
        raise KafkaError(ErrorCode.INVALID_REQUEST, f"{definition.name}: null is no value")
    if operation == Operation.SET:
        return definition.canonical(value)
    if operation not in {Operation.APPEND, Operation.SUBTRACT}:
        raise KafkaError(ErrorCode.INVALID_REQUEST, f"{definition.name}: unknown operation {operation}")
    if definition.type is not ConfigType.LIST:
        raise KafkaError(
            ErrorCode.INVALID_CONFIG, f"{definition.name} is no list: nothing can be appended or subtracted"
        )
    present = split_list(explicit.get(definition.name, inherited))
    named = split_list(value)
    if operation == Operation.APPEND:
        return definition.canonical(",".join([*present, *named]))
    return definition.canonical(",".join(entry for entry in present if entry not in named))


def _edited_of_all(definition: ConfigDefinition, entry: Body, explicit: Mapping[str, str]) -> str | None:
    """Return the new explicit value for all brokers; Kafka has another code than for topics if it is none."""
    try:
        return _edited(definition, entry, explicit, definition.default)
    except InvalidConfig as error:
        raise KafkaError(ErrorCode.INVALID_REQUEST, str(error)) from error


def _as_it_is(_: Resource, edit: Edit) -> Edit:
    return edit


def _deletes_nothing(entry: Body, known: Container[str]) -> bool:
    """Tell of a config that does not exist and is to be deleted: Kafka lets that pass, tools rely on it."""
    return entry["config_operation"] == Operation.DELETE and entry["name"] not in known


def _merged(explicit: Mapping[str, str], values: Mapping[str, str | None]) -> dict[str, str]:
    merged = {**explicit, **values}
    return {name: value for name, value in merged.items() if value is not None}


def _resource(edit: Body) -> Resource:
    return edit["resource_type"], edit["resource_name"]


def _row(resource: Resource, outcome: ConfigChange | SkylogError) -> Body:
    code, message = verdict(outcome)
    kind, name = resource
    return {"error_code": code, "error_message": message, "resource_type": kind, "resource_name": name}
