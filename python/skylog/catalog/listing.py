"""ListConfigResources: what can be asked for with DescribeConfigs."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from skylog.catalog.catalog import Catalog
from skylog.catalog.resources import ResourceType
from skylog.catalog.verdicts import bounded
from skylog.model import ClusterView
from skylog.wire.codes import ErrorCode
from skylog.wire.exchange import Body, Handler, Request

LIST_CONFIG_RESOURCES = 74

TYPED_SINCE = 1
"""Before, the request was there for client metrics alone."""


class ListingHandler:
    """Answers from memory. Groups and client metrics have no configs, so none of them is listed."""

    def __init__(self, catalog: Catalog, view: Callable[[], ClusterView]) -> None:
        self._catalog = catalog
        self._view = view

    def handlers(self) -> dict[int, Handler]:
        """Return the handlers by api key."""
        return {LIST_CONFIG_RESOURCES: self.list_config_resources}

    async def list_config_resources(self, request: Request) -> Body:
        """Answer ListConfigResources v0-v1; no types mean all of them."""
        if request.version < TYPED_SINCE:
            return {"error_code": ErrorCode.NONE, "config_resources": []}
        asked = set(bounded(request.body["resource_types"], "resource types"))
        if not asked <= set(ResourceType):
            return {"error_code": ErrorCode.UNSUPPORTED_VERSION, "config_resources": []}
        rows = [
            {"resource_name": name, "resource_type": kind}
            for kind in ResourceType
            if kind in asked or not asked
            for name in self._names(kind)
        ]
        return {"error_code": ErrorCode.NONE, "config_resources": rows}

    def _names(self, kind: ResourceType) -> Iterable[str]:
        if kind is ResourceType.TOPIC:
            return (topic.name for topic in self._catalog.all())
        if kind in {ResourceType.BROKER, ResourceType.BROKER_LOGGER}:
            return (str(node.node_id) for node in self._view().nodes)
        return ()
