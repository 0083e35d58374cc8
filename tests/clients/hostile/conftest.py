"""One broker for all attacks, and a client beside them that must not notice."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from clients.conftest import FOREIGN
from clients.healthy import HealthyClient, healthy_client
from clients.hostile.victim import Victim
from clients.served import ServedBroker


@pytest.fixture(scope="package")
def victim(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Victim]:
    """The broker that is maltreated."""
    if FOREIGN:
        yield Victim(FOREIGN, None)
        return
    broker = ServedBroker(tmp_path_factory.mktemp("hostile"), "--memory")
    broker.start()
    yield Victim(broker.bootstrap, broker)
    broker.kill()


@pytest.fixture(scope="package")
def bystander(victim: Victim) -> Iterator[HealthyClient]:
    """A client that works all the time while others attack."""
    with healthy_client(victim.bootstrap) as client:
        yield client


@pytest.fixture(autouse=True)
def _bystander_gets_on(victim: Victim, bystander: HealthyClient) -> Iterator[None]:
    bystander.get_on(2)
    with victim.memory_stays_bounded():
        yield
    bystander.get_on(2)
