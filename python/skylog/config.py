"""What can be set, by section; units stand in every name; checked when built.

The TOML file has one table per section, for instance::

    [produce]
    put_rate_per_second = 8
    [topics]
    num_partitions = 6
"""

from __future__ import annotations

import dataclasses
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_type_hints

from skylog.errors import InvalidConfig

KIB = 1024
MIB = 1024 * KIB


def _require(condition: bool, name: str, found: object, expected: str) -> None:
    if not condition:
        raise InvalidConfig(f"{name}: expected {expected}, found {found!r}")


def _require_counts(section: str, config: object, *names: str) -> None:
    """Refuse bounds under which nothing would ever go through."""
    for name in names:
        found = getattr(config, name)
        _require(found >= 1, f"{section}.{name}", found, "at least 1")


def default_data_dir() -> Path:
    """Return `$XDG_DATA_HOME/skylog`, or `~/.local/share/skylog` where that is not set."""
    base = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(base) / "skylog"


@dataclass(frozen=True, slots=True)
class ServerConfig:
    """The listener and what one connection may take."""

    host: str = "127.0.0.1"
    port: int = 9092
    advertised_host: str | None = None
    advertised_port: int | None = None
    node_id: int = 1
    rack: str | None = None
    frame_bytes_max: int = 100 * MIB
    """Kafka: socket.request.max.bytes."""
    inflight_requests_max: int = 1000
    """Requests of one connection that may be unanswered before it is no longer read."""
    turn_bytes_max: int = 1 * MIB
    """What one connection may deliver in a turn of the loop before others come first."""
    connections_max: int = 10_000
    idle_ms_max: int = 600_000
    """Kafka: connections.max.idle.ms."""
    drain_ms_max: int = 30_000

    def __post_init__(self) -> None:
        _require(0 <= self.port <= 65535, "server.port", self.port, "0 to 65535")
        _require(self.frame_bytes_max >= KIB, "server.frame_bytes_max", self.frame_bytes_max, "at least 1024")
        _require(self.node_id >= 0, "server.node_id", self.node_id, "0 or more")
        _require(self.drain_ms_max >= 0, "server.drain_ms_max", self.drain_ms_max, "0 or more")
        _require_counts(
            "server", self, "inflight_requests_max", "turn_bytes_max", "connections_max", "idle_ms_max"
        )


@dataclass(frozen=True, slots=True)
class StoreRequestsConfig:
    """What is asked of the object store at once, how often and how long; the store itself is `store`."""

    produce_requests_max: int = 32
    """PUTs of segments under way at once, their pauses between attempts included."""
    tail_requests_max: int = 32
    cold_requests_max: int = 16
    """Shared fairly between readers."""
    background_requests_max: int = 4
    attempts_max: int = 5
    attempt_ms_max: int = 10_000
    request_ms_max: int = 30_000
    """Waiting for a place, all attempts and the pauses between them; a producer's own limit comes on top."""
    backoff_ms_first: int = 50
    """Pauses are drawn between 0 and a ceiling that doubles from here to the next."""
    backoff_ms_max: int = 2_000
    throttled_ms_first: int = 500
    """The same where the store asked for fewer requests."""
    throttled_ms_max: int = 8_000
    not_found_attempts_max: int = 3
    """GETs of an object that is not there yet."""
    hedge_quantile: float = 0.99
    """A second request is made when one takes longer than this share of the recent ones."""
    hedge_share_max: float = 0.05
    """Second requests for each first one, at most; 0: never."""
    hedge_delay_ms_min: int = 20
    hedge_samples_min: int = 100

    def __post_init__(self) -> None:
        _require_counts(
            "store_requests",
            self,
            *("produce_requests_max", "tail_requests_max", "cold_requests_max", "background_requests_max"),
            *("attempts_max", "attempt_ms_max", "request_ms_max", "not_found_attempts_max"),
            *("backoff_ms_first", "throttled_ms_first", "hedge_delay_ms_min", "hedge_samples_min"),
        )
        self._require_order("backoff_ms_first", "backoff_ms_max")
        self._require_order("throttled_ms_first", "throttled_ms_max")
        self._require_order("attempt_ms_max", "request_ms_max")
        quantile, share = self.hedge_quantile, self.hedge_share_max
        _require(0 < quantile < 1, "store_requests.hedge_quantile", quantile, "more than 0 and less than 1")
        _require(0 <= share <= 1, "store_requests.hedge_share_max", share, "0 to 1")

    def _require_order(self, low: str, high: str) -> None:
        least, found = getattr(self, low), getattr(self, high)
        _require(found >= least, f"store_requests.{high}", found, f"at least {low}, {least}")


@dataclass(frozen=True, slots=True)
class ProduceConfig:
    """The buffer and the PUT budget."""

    segment_bytes_target: int = 8 * MIB
    buffer_bytes_max: int = 128 * MIB
    """Unanswered produced bytes past which produce connections are not read."""
    put_rate_per_second: float | None = None
    """PUTs that time may cause (full segments come on top); None: 4 if each costs money, else many."""
    put_rate_awaited_per_second: float | None = None
    """The same while all producers wait for answers and send nothing until then; None: `put_rate_per_second`
    if that is set or each PUT costs money, else many more."""
    put_burst: int = 4
    linger_ms_max: int = 250
    uploads_max: int = 8
    """Segments on their way to the store at once."""
    upload_ms_max: int = 30_000
    """All attempts of one segment together, and its wait for them."""
    inline_check_bytes_max: int = 64 * KIB
    """Compressed bytes up to which a request is decompressed and checked on the event loop."""

    def __post_init__(self) -> None:
        _require(
            self.segment_bytes_target >= 64 * KIB,
            "produce.segment_bytes_target",
            self.segment_bytes_target,
            "at least 65536",
        )
        _require(
            self.buffer_bytes_max >= 2 * self.segment_bytes_target,
            "produce.buffer_bytes_max",
            self.buffer_bytes_max,
            "at least two segments",
        )
        for name in ("put_rate_per_second", "put_rate_awaited_per_second"):
            rate = getattr(self, name)
            _require(rate is None or rate > 0, f"produce.{name}", rate, "more than 0")
        _require(self.put_burst >= 1, "produce.put_burst", self.put_burst, "at least 1")
        _require_counts("produce", self, "uploads_max", "upload_ms_max")


@dataclass(frozen=True, slots=True)
class FetchConfig:
    """What one fetch may take, and the cache of segments."""

    response_bytes_max: int = 55 * MIB
    """Kafka: fetch.max.bytes of the broker."""
    load_bytes_max: int = 64 * MIB
    """Bytes of segments that one fetch may pull in; the first segment is always read."""
    load_ms_max: int = 30_000
    loads_bytes_max: int = 128 * MIB
    """Bytes under way from the store at once at the tail, and again as many behind it."""
    cache_bytes_max: int = 256 * MIB
    cache_block_bytes: int = 16 * MIB
    """Objects up to this size are read whole, larger ones in aligned blocks."""
    cache_cold_share: float = 0.5
    """Of the cache, what reads behind the tail may take from it."""
    tail_age_ms_max: int = 60_000
    """Segments older than this lie behind the tail."""
    ahead_bytes_max: int = 72 * MIB
    """Read ahead of one consumer behind the tail; all together no more than 3/4 of `cache_cold_share`."""
    disk_cache_dir: str | None = None
    """Where blocks go that memory has no room for; None: nowhere. Each broker needs its own."""
    disk_cache_bytes_max: int = 10 * 1024 * MIB
    wait_ms_max: int = 300_000
    session_slots_max: int = 1_000
    """Kafka: max.incremental.fetch.session.cache.slots; 0: no fetch sessions."""
    session_partitions_max: int = 250_000
    """Partitions of all fetch sessions together, about 200 bytes each; topics of each count as well."""

    def __post_init__(self) -> None:
        slots = self.session_slots_max
        _require(slots >= 0, "fetch.session_slots_max", slots, "0 or more")
        _require(self.cache_bytes_max >= 0, "fetch.cache_bytes_max", self.cache_bytes_max, "0 or more")
        _require(self.ahead_bytes_max >= 0, "fetch.ahead_bytes_max", self.ahead_bytes_max, "0 or more")
        share = self.cache_cold_share
        _require(0 <= share <= 1, "fetch.cache_cold_share", share, "0 to 1")
        block = self.cache_block_bytes
        _require(block >= 64 * KIB, "fetch.cache_block_bytes", block, "at least 65536")
        _require_counts(
            "fetch",
            self,
            *("response_bytes_max", "load_bytes_max", "load_ms_max", "loads_bytes_max"),
            *("tail_age_ms_max", "disk_cache_bytes_max", "session_partitions_max"),
        )

    @property
    def cache_cold_bytes(self) -> int:
        """Bytes of the cache that reads behind the tail may take from it."""
        return int(self.cache_bytes_max * self.cache_cold_share)


@dataclass(frozen=True, slots=True)
class TopicsConfig:
    """Defaults of new topics; Kafka's broker settings of the same name."""

    num_partitions: int = 1
    auto_create_topics_enable: bool = True
    max_message_bytes: int = 1_048_588
    partitions_max: int = 100_000
    """Partitions of one topic, at most."""

    def __post_init__(self) -> None:
        _require(self.num_partitions >= 1, "topics.num_partitions", self.num_partitions, "at least 1")


@dataclass(frozen=True, slots=True)
class GroupsConfig:
    """Kafka's group.* and offset* settings."""

    initial_rebalance_delay_ms: int = 3_000
    min_session_timeout_ms: int = 6_000
    max_session_timeout_ms: int = 1_800_000
    max_size: int = 10_000
    offset_metadata_bytes_max: int = 4_096


@dataclass(frozen=True, slots=True)
class QuotasConfig:
    """Kafka's quota.window.* and controller.quota.window.*: over which time clients are counted."""

    window_num: int = 11
    window_size_seconds: int = 1
    controller_window_num: int = 11
    """For what changes the catalog."""
    controller_window_size_seconds: int = 1

    def __post_init__(self) -> None:
        _require_counts("quotas", self, "window_num", "window_size_seconds")
        _require_counts("quotas", self, "controller_window_num", "controller_window_size_seconds")


@dataclass(frozen=True, slots=True)
class Config:
    """The whole of it."""

    store: str = "memory:"
    coordinator: str = "sqlite::memory:"
    server: ServerConfig = field(default_factory=ServerConfig)
    store_requests: StoreRequestsConfig = field(default_factory=StoreRequestsConfig)
    produce: ProduceConfig = field(default_factory=ProduceConfig)
    fetch: FetchConfig = field(default_factory=FetchConfig)
    topics: TopicsConfig = field(default_factory=TopicsConfig)
    groups: GroupsConfig = field(default_factory=GroupsConfig)
    quotas: QuotasConfig = field(default_factory=QuotasConfig)

    @classmethod
    def in_directory(cls, data: Path, **sections: Any) -> Config:
        """Return the embedded default: objects and the SQLite file below `data`."""
        path = data.absolute()
        return cls(store=f"file://{path}/objects", coordinator=f"sqlite://{path}/coordinator.db", **sections)

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any], base: Config | None = None) -> Config:
        """Return `base` with `values` (section, then field) laid over it; unknown names are an error."""
        config: Config = _overlay(base or cls(), values, "")
        return config

    @classmethod
    def from_toml(cls, path: Path, base: Config | None = None) -> Config:
        """Read a TOML file over `base`; errors name the file and the field."""
        try:
            return cls.from_mapping(tomllib.loads(path.read_text()), base)
        except (OSError, tomllib.TOMLDecodeError, InvalidConfig) as error:
            raise InvalidConfig(f"{path}: {error}") from error


def _overlay(base: Any, values: Mapping[str, Any], where: str) -> Any:
    hints = get_type_hints(type(base))
    changed: dict[str, Any] = {}
    for name, value in values.items():
        _require(name in hints, where + name, value, f"one of {', '.join(hints)}")
        if dataclasses.is_dataclass(getattr(base, name)):
            _require(isinstance(value, Mapping), where + name, value, "a table")
            changed[name] = _overlay(getattr(base, name), value, f"{where}{name}.")
        else:
            _require(_fits(value, hints[name]), where + name, value, str(hints[name]))
            changed[name] = value
    return dataclasses.replace(base, **changed)


def _fits(value: Any, hint: Any) -> bool:
    kinds = getattr(hint, "__args__", (hint,))
    if isinstance(value, bool):
        return bool in kinds
    return isinstance(value, kinds) or (isinstance(value, int) and float in kinds)
