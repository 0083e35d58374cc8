"""An S3 server, a proxy before it, and brokers that know only the proxy."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path

from clients.audit import LogAudit
from clients.load import Load, load
from clients.seeds import unique
from clients.served import ServedBroker
from clients.topics import create_topic
from clients.waiting import wait_until
from faults import FaultProxy, Rule
from stores.endpoint import environment_of
from stores.seaweed import SeaweedFS

PRODUCERS, PARTITIONS = 2, 3

IMPATIENT: Mapping[str, Mapping[str, object]] = {
    "store_requests": {
        "attempts_max": 8,
        "attempt_ms_max": 500,
        "request_ms_max": 5_000,
        "backoff_ms_first": 5,
        "backoff_ms_max": 50,
        "throttled_ms_first": 10,
        "throttled_ms_max": 100,
    },
    "produce": {"put_rate_per_second": 50, "upload_ms_max": 5_000},
    "fetch": {"load_ms_max": 5_000},
}
"""Bounds of time so short that a test sees what they are for."""

UNCACHED: Mapping[str, Mapping[str, object]] = {
    **IMPATIENT,
    "fetch": {**IMPATIENT["fetch"], "cache_bytes_max": 0},
}
"""Every read asks the store."""


class Place:
    """A bucket of its own on a server that others may share, reached through a proxy."""

    def __init__(self, directory: Path, server: SeaweedFS, proxy: FaultProxy) -> None:
        self.server = server
        self.proxy = proxy
        self.bucket = unique("faulty")
        self._directory = directory
        self._brokers: list[ServedBroker] = []
        self._client = server.endpoint.client()
        self._client.create_bucket(Bucket=self.bucket)

    @property
    def scratch(self) -> str:
        """A directory for what a broker keeps beside the store."""
        return str(self._directory / "scratch")

    def serve(
        self, sections: Mapping[str, Mapping[str, object]] = IMPATIENT, **parameters: str
    ) -> ServedBroker:
        """Start a broker; parameters go into the store's address."""
        through = dataclasses.replace(self.server.endpoint, url=self.proxy.endpoint)
        store = through.store_url(self.bucket, "log", **parameters)
        directory = self._directory / f"broker{len(self._brokers)}"
        broker = ServedBroker(directory, "--store", store, **sections)
        self._brokers.append(broker)
        self.start(broker)
        return broker

    def start(self, broker: ServedBroker) -> None:
        """Start a broker, maybe again."""
        with environment_of(self.server.endpoint.keys):
            broker.start()

    def keys(self) -> set[str]:
        """Keys of all objects, asked behind the proxy's back."""
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket)
        return {found["Key"] for page in pages for found in page.get("Contents", ())}

    def read(self, key: str) -> bytes:
        """Return an object as it is."""
        data: bytes = self._client.get_object(Bucket=self.bucket, Key=key)["Body"].read()
        return data

    def write(self, key: str, data: bytes) -> None:
        """Put an object as it is not."""
        self._client.put_object(Bucket=self.bucket, Key=key, Body=data)

    def close(self) -> None:
        """End all brokers and be good again."""
        for broker in self._brokers:
            broker.kill()
        self._client.close()
        self.proxy.use()


class Trial:
    """Idempotent producers and an audit of all that they wrote, while the store is maltreated."""

    def __init__(self, place: Place, broker: ServedBroker) -> None:
        self.topic = create_topic(broker.bootstrap, "trial", partitions=PARTITIONS)
        self._place = place
        self._broker = broker
        self._log = LogAudit(broker.bootstrap, self.topic, PARTITIONS)

    def run(self, *rules: Rule, faults: int) -> None:
        """Write and read until so many faults of each rule have hit; then all must go on as before."""
        with self.producers() as producers:
            producers.go_on(20)
            self.suffer(producers, *rules, faults=faults)
            producers.go_on(20)
        self.check(producers)

    def producers(self) -> AbstractContextManager[Load]:
        """Run producers beside the block."""
        return load(self._broker.bootstrap, self.topic, producers=PRODUCERS, partitions=PARTITIONS)

    def suffer(self, producers: Load, *rules: Rule, faults: int) -> None:
        """Go by the rules until so many faults of each have hit, reading all the while."""
        ledger = self._place.proxy.ledger
        since = len(ledger)
        self._place.proxy.use(*rules)
        wanted = {str(rule.fault) for rule in rules if rule.fault}

        def enough() -> bool:
            producers.check()
            self._log.read_on()
            hit = ledger.faults(since)
            return all(hit[fault] >= faults for fault in wanted)

        wait_until(enough, f"{faults} faults of each of {sorted(wanted)}", 60)
        self._place.proxy.use()

    def check(self, producers: Load) -> None:
        """Hold what was acknowledged against what can be read, by a second reader from the start, too."""
        self._log.read_on()
        self._log.check(producers.acknowledged)
        again = LogAudit(self._broker.bootstrap, self.topic, PARTITIONS)
        again.read_on()
        assert again.records == self._log.records
        assert sum(map(len, again.records)) == len(producers.acknowledged)


def address_of(server: SeaweedFS) -> tuple[str, int]:
    """Return host and port of a server."""
    host, port = server.endpoint.url.removeprefix("http://").split(":")
    return host, int(port)


def until(condition: Callable[[], bool], what: str) -> None:
    """Wait for something that takes seconds on a busy machine."""
    wait_until(condition, what, 30)
