"""Members of a group as processes that can join, leave and crash, and what they read."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import IO

from clients.drivers import KCAT, Driver
from clients.drivers.base import Event, Membership
from clients.waiting import wait_until

_TESTS = Path(__file__).resolve().parents[1]
LEAVE_SECONDS = 20.0


class Member:
    """One member: a client in its own process."""

    def __init__(self, driver: Driver, membership: Membership) -> None:
        self.name = driver.name
        self.records: list[tuple[int, int, str]] = []
        self.partitions: set[int] = set()
        self.events: list[Event] = []
        self._errors: list[str] = []
        self._process = subprocess.Popen(
            _command(driver, membership),
            cwd=_TESTS,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        parse = KCAT.member_event if driver is KCAT else json.loads
        self._readers = [
            threading.Thread(target=self._read, args=(self._process.stdout, parse), daemon=True),
            threading.Thread(target=self._read, args=(self._process.stderr, self._parse_error), daemon=True),
        ]
        for reader in self._readers:
            reader.start()

    def __repr__(self) -> str:
        return (
            f"<Member {self.name} {sorted(self.partitions)} {len(self.records)} records {self._errors[-3:]}>"
        )

    @property
    def values(self) -> set[str]:
        """The values that it read."""
        return {value for _, _, value in list(self.records)}

    def leave(self) -> None:
        """Leave the group and end."""
        self._process.send_signal(signal.SIGTERM)
        assert self._process.wait(LEAVE_SECONDS) == 0, self._errors[-10:]
        self._join()

    def crash(self) -> None:
        """End without a word to anybody."""
        self._process.kill()
        self._process.wait()
        self._join()

    def _join(self) -> None:
        for reader in self._readers:
            reader.join(10)

    def _read(self, stream: IO[str], parse: object) -> None:
        for line in stream:
            event = parse(line.rstrip("\n"))  # type: ignore[operator]
            if event is not None:
                self._take(event)

    def _parse_error(self, line: str) -> Event | None:
        self._errors.append(line)
        return KCAT.member_event(line) if line.startswith("% Group") else None

    def _take(self, event: Event) -> None:
        self.events.append(event)
        self.partitions |= set(event.get("assigned", ()))
        self.partitions -= {*event.get("revoked", ()), *event.get("lost", ())}
        self.records += [(partition, offset, value) for partition, offset, value in event.get("got", ())]


class Members:
    """All members that a test starts, alive or not."""

    def __init__(self, membership: Membership) -> None:
        self.membership = membership
        self.all: list[Member] = []

    def join(self, driver: Driver, membership: Membership | None = None) -> Member:
        """Start a member."""
        member = Member(driver, membership or self.membership)
        self.all.append(member)
        return member

    @property
    def values(self) -> set[str]:
        """What anybody read."""
        return set().union(*(member.values for member in self.all))

    def wait_for_shares(self, members: Iterable[Member], partitions: int) -> None:
        """Wait until these members share all partitions among them, each with at least one."""
        shared = list(members)
        wait_until(
            lambda: _is_shared([member.partitions for member in shared], partitions),
            f"{partitions} partitions shared among {shared}",
            30,
        )

    def wait_for_values(self, values: set[str]) -> None:
        """Wait until somebody has read each of these."""
        try:
            wait_until(lambda: values <= self.values, "all records", 30)
        except TimeoutError as error:
            missing = sorted(values - self.values)
            raise AssertionError(f"{len(missing)} never read: {missing[:10]}; {self.all}") from error


@contextmanager
def group(membership: Membership) -> Iterator[Members]:
    """Run a group; whoever is left at the end is killed."""
    members = Members(membership)
    try:
        yield members
    finally:
        for member in members.all:
            member.crash()


def _is_shared(shares: list[set[int]], partitions: int) -> bool:
    apart = sum(map(len, shares)) == partitions
    return apart and all(shares) and set().union(*shares) == set(range(partitions))


def _command(driver: Driver, membership: Membership) -> list[str]:
    if driver is KCAT:
        return KCAT.member_command(membership)
    return [sys.executable, "-m", "clients.member", driver.name, json.dumps(asdict(membership))]
