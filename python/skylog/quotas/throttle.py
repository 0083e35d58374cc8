"""Counting what clients take against the limits that hold for them."""

from __future__ import annotations

from skylog.clock import Clock, Stopwatch
from skylog.config import QuotasConfig
from skylog.core import Frame
from skylog.quotas.bucket import TokenBucket
from skylog.quotas.entities import NAME_LENGTH_MAX
from skylog.quotas.keys import (
    CONSUMER_BYTE_RATE,
    CONTROLLER_MUTATION_RATE,
    PRODUCER_BYTE_RATE,
    REQUEST_PERCENTAGE,
)
from skylog.quotas.meters import Meters
from skylog.quotas.table import QuotaTable
from skylog.quotas.windows import WindowedRate, Windows
from skylog.wire.codes import ErrorCode, KafkaError
from skylog.wire.throttling import NO_MUTATIONS, Mutations

USER = "ANONYMOUS"
"""Who everybody is as long as nobody proves anything else."""
THROTTLE_MS_MAX = 2**31 - 1
STRICT_SINCE = {19: 6, 20: 5, 37: 3}
"""First versions of CreateTopics, DeleteTopics and CreatePartitions whose readers know an error for it."""


class ClientThrottle:
    """The limits of one broker (a `wire.throttling.Throttle`): one meter for each limit that a client has."""

    def __init__(self, table: QuotaTable, config: QuotasConfig, clock: Clock) -> None:
        windows = Windows(config.window_num, config.window_size_seconds)
        mutation_windows = Windows(config.controller_window_num, config.controller_window_size_seconds)
        self.table = table
        self.clock = clock
        self.windows = windows
        self.rates = {
            key: Meters(lambda: WindowedRate(windows))
            for key in (PRODUCER_BYTE_RATE, CONSUMER_BYTE_RATE, REQUEST_PERCENTAGE)
        }
        self.buckets = Meters(lambda: TokenBucket(mutation_windows))
        self._connections = Meters(lambda: WindowedRate(windows))

    def __repr__(self) -> str:
        meters = sum(map(len, self.rates.values())) + len(self.buckets) + len(self._connections)
        return f"<ClientThrottle {self.table!r}, {meters} meters>"

    def account(self, frame: Frame, /) -> ClientAccount | None:
        """Return what counts a request, None if no client is limited."""
        if not self.table.limits_clients:
            return None
        # A longer id than any entity's is nobody's own limit, whatever comes after.
        client_id = (frame.client_id or "")[: NAME_LENGTH_MAX + 1]
        return ClientAccount(self, client_id, len(frame))

    def connected(self, host: str, /) -> int:
        """Count a connection; one too many does not count and is held for a window at most, as in Kafka."""
        limit = self.table.ip_limit(host)
        if limit is None:
            return 0
        now = self.clock.monotonic()
        rate = self._connections.of(host, now)
        rate.add(1, now)
        throttle_ms = milliseconds(min(rate.wait_seconds(limit, now), self.windows.seconds))
        if throttle_ms:
            rate.add(-1, now)
        return throttle_ms


class ClientAccount:
    """One request against the limits of its client (a `wire.throttling.Account`)."""

    def __init__(self, throttle: ClientThrottle, client_id: str, size: int) -> None:
        self._throttle = throttle
        self._client_id = client_id
        self._size = size
        self._counted_seconds = 0.0
        self.watch = Stopwatch(throttle.clock)

    def produced(self) -> int:
        """Count the request's bytes and time."""
        return max(self._take(PRODUCER_BYTE_RATE, self._size), self.answered())

    def owed(self) -> int:
        """Return the throttle for what the client fetched before, and for the time of its requests."""
        bytes_ms = self._take(CONSUMER_BYTE_RATE, 0)
        return max(bytes_ms, self._bounded(self._take(REQUEST_PERCENTAGE, 0)))

    def fetch_bytes_max(self, bytes_max: int) -> int:
        """Return at most what the client may still take, and never less than a window's worth.

        So no answer is more than that over the limit, and none is so small that it is not worth a request.
        """
        found = self._meter(CONSUMER_BYTE_RATE)
        if found is None:
            return bytes_max
        rate, limit, now = found
        windows = self._throttle.windows
        left = limit * windows.burst_seconds - rate.total(now)
        return min(bytes_max, max(1, int(left), int(limit * windows.seconds)))

    def fetched(self, size: int) -> None:
        """Count an answer to a fetch and its time; what is over the limits, the next request will owe."""
        self._take(CONSUMER_BYTE_RATE, size)
        self._take_time()

    def answered(self) -> int:
        """Count the time of the request; its throttle is a window at most, as in Kafka."""
        return self._bounded(self._take_time())

    def mutations(self, api_key: int, version: int) -> Mutations:
        """Return what counts the changes that the request makes to the catalog."""
        throttle = self._throttle
        found = throttle.table.client_limit(CONTROLLER_MUTATION_RATE, USER, self._client_id)
        if found is None:
            return NO_MUTATIONS
        scope, limit = found
        bucket = throttle.buckets.of(scope, throttle.clock.monotonic())
        is_strict = version >= STRICT_SINCE.get(api_key, version + 1)
        return ClientMutations(bucket, limit, throttle.clock, is_strict=is_strict)

    def _bounded(self, throttle_ms: int) -> int:
        return min(throttle_ms, milliseconds(self._throttle.windows.seconds))

    def _take_time(self) -> int:
        """Count what the watch has counted since the last time."""
        seconds = self.watch.seconds
        fresh_seconds, self._counted_seconds = seconds - self._counted_seconds, seconds
        return self._take(REQUEST_PERCENTAGE, 100 * fresh_seconds)

    def _take(self, key: str, amount: float) -> int:
        found = self._meter(key)
        if found is None:
            return 0
        rate, limit, now = found
        rate.add(amount, now)
        return milliseconds(rate.wait_seconds(limit, now))

    def _meter(self, key: str) -> tuple[WindowedRate, float, float] | None:
        """Return the rate and the limit that hold for the client, and the time."""
        found = self._throttle.table.client_limit(key, USER, self._client_id)
        if found is None:
            return None
        (scope, limit), now = found, self._throttle.clock.monotonic()
        return self._throttle.rates[key].of(scope, now), limit, now


class ClientMutations:
    """The changes of one request, paid from its client's bucket."""

    def __init__(self, bucket: TokenBucket, limit: float, clock: Clock, *, is_strict: bool) -> None:
        self._bucket = bucket
        self._limit = limit
        self._clock = clock
        self._is_strict = is_strict
        self.throttle_time_ms = 0

    def take(self, partitions: int, /) -> None:
        """Pay for partitions; in debt a strict request is refused, another one throttled."""
        now = self._clock.monotonic()
        debt_seconds = self._bucket.wait_seconds(self._limit, now)
        if self._is_strict and debt_seconds > 0:
            self.throttle_time_ms = milliseconds(debt_seconds)
            raise KafkaError(ErrorCode.THROTTLING_QUOTA_EXCEEDED, "Too many partitions created or deleted.")
        self._bucket.pay(partitions, self._limit, now)
        if not self._is_strict:
            self.throttle_time_ms = milliseconds(self._bucket.wait_seconds(self._limit, now))


def milliseconds(seconds: float) -> int:
    """Return a throttle as answers can hold it."""
    return min(round(1000 * seconds), THROTTLE_MS_MAX)
