"""Brokers for the clients.

SKYLOG_TEST_BOOTSTRAP=HOST:PORT runs the tests that need no broker of their own against that one, for instance
against another implementation, to see whether a test asks for something that Kafka does not do.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from clients.drivers import DRIVERS, GROUP_DRIVERS, KCAT, KCAT_INSTALLED, Driver, GroupDriver
from clients.served import ServedBroker
from clients.topics import create_topic

FOREIGN = os.environ.get("SKYLOG_TEST_BOOTSTRAP")

NewTopic = Callable[..., str]
Serve = Callable[..., ServedBroker]


def _params(drivers: Mapping[str, Driver]) -> list[object]:
    without_kcat = pytest.mark.skipif(not KCAT_INSTALLED, reason="kcat is not installed")
    return [
        pytest.param(driver, id=name, marks=without_kcat if driver is KCAT else ())
        for name, driver in drivers.items()
    ]


@pytest.fixture(scope="session")
def bootstrap() -> Iterator[str]:
    """The broker that all tests share which do not harm it."""
    if FOREIGN:
        yield FOREIGN
        return
    import skylog
    from skylog.config import Config, GroupsConfig, ServerConfig

    groups = GroupsConfig(initial_rebalance_delay_ms=0, min_session_timeout_ms=500)
    with skylog.Broker(config=Config(server=ServerConfig(port=0), groups=groups)) as broker:
        yield broker.bootstrap_servers


@pytest.fixture
def new_topic(bootstrap: str) -> NewTopic:
    """Create a topic on the shared broker and return its name."""

    def create(prefix: str = "topic", **options: object) -> str:
        return create_topic(bootstrap, prefix, **options)  # type: ignore[arg-type]

    return create


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Start brokers as processes of their own; all are killed at the end."""
    if FOREIGN:
        pytest.skip("needs a broker of its own")
    brokers: list[ServedBroker] = []

    def start(*options: str, **sections: Mapping[str, object]) -> ServedBroker:
        broker = ServedBroker(tmp_path / f"broker{len(brokers)}", *options, **sections)
        brokers.append(broker)
        broker.start()
        return broker

    yield start
    for broker in brokers:
        broker.kill()


@pytest.fixture(params=_params(DRIVERS))
def client(request: pytest.FixtureRequest) -> Driver:
    """Each foreign client."""
    return request.param


@pytest.fixture(params=_params(GROUP_DRIVERS))
def library(request: pytest.FixtureRequest) -> GroupDriver:
    """Each foreign client library (kcat is a program)."""
    return request.param
