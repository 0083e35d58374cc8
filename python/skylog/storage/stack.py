"""The store as the broker uses it: metered, hedged, retried, in lanes.

Lanes stand outermost, so that a request waits for its place before its attempts begin; the meter stands next
to the store and sees every attempt that is billed.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import asdict, dataclass
from typing import Any

from skylog.clock import Clock, Entropy
from skylog.config import StoreRequestsConfig
from skylog.storage.base import ObjectStore
from skylog.storage.hedged import Hedged, HedgePolicy
from skylog.storage.limited import Lanes
from skylog.storage.local import LocalStore
from skylog.storage.memory import MemoryStore
from skylog.storage.metered import Metered, StoreUsage
from skylog.storage.open import open_store
from skylog.storage.retrying import Retrying, RetryPolicy


@dataclass(frozen=True, slots=True, repr=False)
class Stores:
    """One store with its wrappers; each use takes its own lane."""

    metered: Metered
    hedged: Hedged
    retrying: Retrying
    lanes: Lanes

    def __repr__(self) -> str:
        return f"Stores({self.url}, {self.usage})"

    @property
    def produce(self) -> ObjectStore:
        """For segments that producers wait for."""
        return self.lanes.produce

    @property
    def tail(self) -> ObjectStore:
        """For reads that consumers at the end of the log wait for."""
        return self.lanes.tail

    @property
    def cold(self) -> ObjectStore:
        """For reads far back."""
        return self.lanes.cold

    def cold_for(self, stream: Hashable) -> ObjectStore:
        """Return the cold lane for one reader; readers take turns."""
        return self.lanes.cold_for(stream)

    @property
    def background(self) -> ObjectStore:
        """For jobs."""
        return self.lanes.background

    @property
    def url(self) -> str:
        """The store's address, without secrets."""
        return self.metered.url

    @property
    def puts_per_second(self) -> float:
        """PUTs that time alone may cause."""
        return self.metered.puts_per_second

    @property
    def puts_awaited_per_second(self) -> float:
        """The same while all producers wait for answers."""
        return self.metered.puts_awaited_per_second

    @property
    def usage(self) -> StoreUsage:
        """Requests and bytes since the start."""
        return self.metered.usage

    def report(self) -> dict[str, Any]:
        """Return all counts and latencies as JSON takes them."""
        return {
            **self.metered.report(),
            "hedges": asdict(self.hedged.stats),
            "retries": {
                **asdict(self.retrying.stats),
                "slowdown_ms": round(self.retrying.slowdown.wait_s() * 1000, 3),
            },
            "lanes": self.lanes.report(),
        }

    async def open(self) -> None:
        """Check that the store can be used."""
        await self.retrying.open()

    async def close(self) -> None:
        """Stop what was hedged, then release what the store holds."""
        await self.retrying.close()


def build_stores(url: str, config: StoreRequestsConfig, clock: Clock, entropy: Entropy) -> Stores:
    """Build the store that `url` names, with its wrappers; its `open` has still to be called."""
    return wrap_store(open_store(url, clock, entropy), config, clock, entropy)


def wrap_store(store: ObjectStore, config: StoreRequestsConfig, clock: Clock, entropy: Entropy) -> Stores:
    """Put the wrappers around a store."""
    metered = Metered(store, clock)
    hedged = Hedged(metered, clock, _hedge_policy(store, config))
    retrying = Retrying(hedged, clock, entropy, _retry_policy(config))
    lanes = Lanes(
        retrying,
        clock,
        produce=config.produce_requests_max,
        tail=config.tail_requests_max,
        cold=config.cold_requests_max,
        background=config.background_requests_max,
        request_ms_max=config.request_ms_max,
    )
    return Stores(metered, hedged, retrying, lanes)


def _hedge_policy(store: ObjectStore, config: StoreRequestsConfig) -> HedgePolicy:
    # The same disk is not faster when asked twice.
    local = isinstance(store, MemoryStore | LocalStore)
    return HedgePolicy(
        quantile=config.hedge_quantile,
        share_max=0.0 if local else config.hedge_share_max,
        delay_ms_min=config.hedge_delay_ms_min,
        samples_min=config.hedge_samples_min,
    )


def _retry_policy(config: StoreRequestsConfig) -> RetryPolicy:
    return RetryPolicy(
        attempts_max=config.attempts_max,
        attempt_ms_max=config.attempt_ms_max,
        request_ms_max=config.request_ms_max,
        backoff_ms_first=config.backoff_ms_first,
        backoff_ms_max=config.backoff_ms_max,
        throttled_ms_first=config.throttled_ms_first,
        throttled_ms_max=config.throttled_ms_max,
        not_found_attempts_max=config.not_found_attempts_max,
    )
