"""One S3 server and one proxy for all; each test has its bucket."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from clients.conftest import FOREIGN
from clients.faulty.place import Place, address_of
from faults import FaultProxy
from stores.seaweed import SeaweedFS


@pytest.fixture(scope="package")
def proxy(seaweedfs: SeaweedFS) -> Iterator[FaultProxy]:
    """The proxy before the shared server."""
    if FOREIGN:
        pytest.skip("needs brokers of its own")
    with FaultProxy(address_of(seaweedfs), seed=5) as proxy:
        yield proxy
    assert proxy.errors == []


@pytest.fixture
def place(tmp_path: Path, seaweedfs: SeaweedFS, proxy: FaultProxy) -> Iterator[Place]:
    """A bucket behind the proxy; the brokers on it end with the test."""
    place = Place(tmp_path, seaweedfs, proxy)
    yield place
    place.close()


@pytest.fixture
def fragile(tmp_path: Path) -> Iterator[Place]:
    """The same with a server of its own, which may be stopped and killed."""
    with SeaweedFS(tmp_path / "seaweedfs") as server, FaultProxy(address_of(server)) as proxy:
        place = Place(tmp_path, server, proxy)
        yield place
        place.close()
