"""All requests that the catalog answers, by api key."""

from __future__ import annotations

from collections.abc import Callable

from skylog.catalog.acls import AclsHandler
from skylog.catalog.active_producers import ActiveProducersHandler
from skylog.catalog.altering import AlteringHandler
from skylog.catalog.catalog import Catalog
from skylog.catalog.cluster import ClusterHandler
from skylog.catalog.creation import CreationHandler
from skylog.catalog.credentials import CredentialsHandler
from skylog.catalog.deletion import DeletionHandler
from skylog.catalog.describing import DescribingHandler
from skylog.catalog.growth import GrowthHandler
from skylog.catalog.listing import ListingHandler
from skylog.catalog.log_dirs import LogDirsHandler
from skylog.catalog.metadata import MetadataHandler
from skylog.catalog.paging import PagingHandler
from skylog.catalog.producers import ProducersHandler
from skylog.catalog.quorum import QuorumHandler
from skylog.catalog.replicas import ReplicasHandler
from skylog.catalog.trimming import TrimmingHandler
from skylog.config import Config
from skylog.coordinator.base import Coordinator
from skylog.model import ClusterView
from skylog.wire.exchange import Handler


def handlers(
    catalog: Catalog,
    coordinator: Coordinator,
    config: Config,
    view: Callable[[], ClusterView],
    on_trim: Callable[[bytes], None],
) -> dict[int, Handler]:
    """Return the handlers by api key.

    Parameters
    ----------
    catalog
        Loaded, or at least about to be.
    coordinator
        Where producer identities come from, and logs are trimmed.
    config
        What this broker shows of itself.
    view
        Returns the cluster as it is when it is called.
    on_trim
        Called with the identity of each topic of which records were deleted.
    """
    return {
        **MetadataHandler(catalog, view).handlers(),
        **PagingHandler(catalog, view).handlers(),
        **CreationHandler(catalog).handlers(),
        **DeletionHandler(catalog).handlers(),
        **GrowthHandler(catalog).handlers(),
        **DescribingHandler(catalog, config, view).handlers(),
        **AlteringHandler(catalog, view).handlers(),
        **ListingHandler(catalog, view).handlers(),
        **AclsHandler().handlers(),
        **CredentialsHandler().handlers(),
        **ReplicasHandler(catalog, config, view).handlers(),
        **ClusterHandler(view).handlers(),
        **QuorumHandler(view).handlers(),
        **ProducersHandler(coordinator).handlers(),
        **LogDirsHandler(catalog, coordinator, config).handlers(),
        **ActiveProducersHandler(catalog, coordinator).handlers(),
        **TrimmingHandler(catalog, coordinator, on_trim).handlers(),
    }
