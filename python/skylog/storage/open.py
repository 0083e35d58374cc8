"""From a URL to a store.

========================  =====================================================================
``memory:``               gone with the process
``file:///dir``           a directory, taken as it stands (no percent escapes)
========================  =====================================================================

Both take parameters that make them slow, to see what a distant store would do, for instance
``memory:?put_ms=100&put_p99_ms=400&get_ms=20``: PUTs of 100 ms in the middle, one in a hundred above 400;
GETs of 20 ms. Without a p99 every request takes the same time.
"""

from __future__ import annotations

import re
from urllib.parse import parse_qsl

from skylog.clock import Clock, Entropy, SystemClock, SystemEntropy
from skylog.errors import InvalidConfig
from skylog.storage.base import ObjectStore
from skylog.storage.delay import Delayed, Latency
from skylog.storage.local import LocalStore
from skylog.storage.memory import MemoryStore

_PARAMETERS = ("put_ms", "put_p99_ms", "get_ms", "get_p99_ms")
_QUERY = re.compile(r"(.*)\?((?:[a-z][a-z0-9_]*=[^/&]*)(?:&[a-z][a-z0-9_]*=[^/&]*)*)", re.DOTALL)


def open_store(url: str, clock: Clock | None = None, entropy: Entropy | None = None) -> ObjectStore:
    """Build the store that `url` names; its `open` has still to be called.

    Raises
    ------
    InvalidConfig
        For a scheme, a path or a parameter that does not exist; the message says what does.
    """
    clock, entropy = clock or SystemClock(), entropy or SystemEntropy()
    address, parameters = _split(url)
    store = _build(address, clock)
    put = _latency(parameters, "put", url)
    get = _latency(parameters, "get", url)
    if put is None and get is None:
        return store
    return Delayed(store, clock, entropy, put=put, get=get)


def _build(address: str, clock: Clock) -> ObjectStore:
    scheme, _, rest = address.partition(":")
    if scheme == "memory":
        return _build_memory(rest, clock)
    if scheme == "file":
        return _build_local(rest)
    if scheme == "s3":
        raise InvalidConfig(
            f"store {address}: S3 comes with a later version; for now use file:///dir (or --data DIR)"
        )
    raise InvalidConfig(f"store: expected memory: or file:///dir, found {address!r}")


def _build_memory(rest: str, clock: Clock) -> ObjectStore:
    if rest:
        raise InvalidConfig(f"store: memory: takes no path, found {rest!r}")
    return MemoryStore(clock)


def _build_local(rest: str) -> ObjectStore:
    if not rest.startswith("///") or "\0" in rest:
        raise InvalidConfig(f"store: expected file:/// and an absolute path, found {'file:' + rest!r}")
    return LocalStore(rest[2:])


def _split(url: str) -> tuple[str, dict[str, str]]:
    """Take parameters off where they look like some: a directory may have a question mark in its name."""
    match = _QUERY.fullmatch(url)
    if match is None:
        return url, {}
    parameters = dict(parse_qsl(match[2], keep_blank_values=True))
    for name in parameters:
        if name not in _PARAMETERS:
            raise InvalidConfig(
                f"store {url}: expected a parameter of {', '.join(_PARAMETERS)}, found {name!r}"
            )
    return match[1], parameters


def _latency(parameters: dict[str, str], kind: str, url: str) -> Latency | None:
    p50 = _milliseconds(parameters, f"{kind}_ms", url)
    p99 = _milliseconds(parameters, f"{kind}_p99_ms", url)
    if p50 is None and p99 is not None:
        raise InvalidConfig(f"store {url}: {kind}_p99_ms wants {kind}_ms, the median, beside it")
    try:
        return None if p50 is None else Latency(p50, p99)
    except InvalidConfig as error:
        raise InvalidConfig(f"store {url}: {kind} {error}") from None


def _milliseconds(parameters: dict[str, str], name: str, url: str) -> float | None:
    value = parameters.get(name)
    try:
        return None if value is None else float(value)
    except ValueError:
        raise InvalidConfig(f"store {url}: {name}: expected a number, found {value!r}") from None
