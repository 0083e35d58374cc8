"""What holds for all tests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import hypothesis
import pytest

if TYPE_CHECKING:
    from stores.azurite import Azurite
    from stores.moto import MotoServer
    from stores.seaweed import SeaweedFS


# A test must not fail for the machine's being busy.
hypothesis.settings.register_profile("skylog", deadline=None)
hypothesis.settings.load_profile("skylog")


@pytest.fixture(scope="session")
def azurite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Azurite]:
    """Azure's emulator, where AZURITE says which program it is."""
    from stores.azurite import Azurite

    with Azurite(tmp_path_factory.mktemp("azurite")) as server:
        yield server


@pytest.fixture(scope="session")
def seaweedfs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SeaweedFS]:
    """A real S3 server, shared: tests choose buckets or prefixes of their own and do it no harm."""
    from stores.seaweed import SeaweedFS

    with SeaweedFS(tmp_path_factory.mktemp("seaweedfs")) as server:
        yield server


@pytest.fixture(scope="session")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MotoServer]:
    """A second dialect of S3, shared."""
    from stores.moto import MotoServer

    with MotoServer(tmp_path_factory.mktemp("moto")) as server:
        yield server


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out soak tests unless the marks that were asked for name them."""
    if "soak" in config.getoption("-m"):
        return
    soak = [item for item in items if item.get_closest_marker("soak")]
    if soak:
        config.hook.pytest_deselected(items=soak)
        items[:] = [item for item in items if item not in soak]
