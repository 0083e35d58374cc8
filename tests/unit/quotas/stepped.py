"""Time that moves when told, and accounts of clients in it."""

from __future__ import annotations

from collections.abc import Mapping

from producing import frame, produce_payload
from skylog.config import QuotasConfig
from skylog.quotas.entities import Entity, build_entity
from skylog.quotas.table import QuotaTable
from skylog.quotas.throttle import ClientAccount, ClientThrottle

START = 5000.0


class SteppedClock:
    def __init__(self) -> None:
        self.seconds = START

    def now_ms(self) -> int:
        return round(self.seconds * 1000)

    def monotonic(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        self.seconds += seconds


class Limited:
    """A broker's limits, as far as they need no broker."""

    def __init__(self, config: QuotasConfig | None = None) -> None:
        self.clock = SteppedClock()
        self.table = QuotaTable()
        self.throttle = ClientThrottle(self.table, config or QuotasConfig(), self.clock)

    def limit(self, names: Mapping[str, str | None], **limits: float) -> None:
        self.table.put(build_entity(names), limits)

    def account(self, client_id: str = "app", size: int = 0) -> ClientAccount:
        """Return the account of a request of `size` bytes."""
        return ClientAccount(self.throttle, client_id, size)

    def produce(self, size: int, client_id: str = "app") -> int:
        return self.account(client_id, size).produced()

    def fetch(self, size: int, client_id: str = "app") -> int:
        """Fetch so much, unless a throttle is owed, which is returned."""
        account = self.account(client_id)
        if not (owed := account.owed()):
            account.fetched(size)
        return owed

    def wait(self, milliseconds: float) -> None:
        self.clock.seconds += milliseconds / 1000


def entity(**names: str | None) -> Entity:
    return build_entity({kind.replace("_", "-"): name for kind, name in names.items()})


FRAME = frame(produce_payload(b""))
