"""From a URL to a store.

========================  =====================================================================
``memory:``               gone with the process
``file:///dir``           a directory, taken as it stands (no percent escapes)
``s3://bucket/prefix``    S3 or what speaks its protocol; parameters: `skylog.storage.s3.url`
``az://container/prefix`` Azure Blob Storage; parameters: `skylog.storage.clouds`
``gs://bucket/prefix``    Google Cloud Storage; parameters: `skylog.storage.clouds`
========================  =====================================================================

All take parameters that make them slow, to see what a distant store would do, for instance
``memory:?put_ms=100&put_p99_ms=400&get_ms=20``: PUTs of 100 ms in the middle, one in a hundred above 400;
GETs of 20 ms. Without a p99 every request takes the same time.
"""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urlencode

from skylog.clock import Clock, Entropy, SystemClock, SystemEntropy
from skylog.errors import InvalidConfig
from skylog.storage.base import ObjectStore
from skylog.storage.delay import Delayed, Latency
from skylog.storage.local import LocalStore
from skylog.storage.memory import MemoryStore

_PARAMETERS = ("put_ms", "put_p99_ms", "get_ms", "get_p99_ms")
_EXTRAS = {"s3": "s3", "az": "obstore", "gs": "obstore"}
_REMOTE = re.compile("(?:s3|az|gs):")
_QUERY = re.compile(r"(.*)\?((?:[a-z][a-z0-9_]*=[^/&]*)(?:&[a-z][a-z0-9_]*=[^/&]*)*)", re.DOTALL)


def open_store(url: str, clock: Clock | None = None, entropy: Entropy | None = None) -> ObjectStore:
    """Build the store that `url` names; its `open` has still to be called.

    Raises
    ------
    InvalidConfig
        For a scheme, a path or a parameter that does not exist; the message says what does.
    """
    clock, entropy = clock or SystemClock(), entropy or SystemEntropy()
    address, parameters = _split_remote(url) if _REMOTE.match(url) else _split(url)
    store = _build(address, clock, entropy)
    put = _latency(parameters, "put", url)
    get = _latency(parameters, "get", url)
    if put is None and get is None:
        return store
    return Delayed(store, clock, entropy, put=put, get=get)


def _build(address: str, clock: Clock, entropy: Entropy) -> ObjectStore:
    scheme, _, rest = address.partition(":")
    if scheme == "memory":
        return _build_memory(rest, clock)
    if scheme == "file":
        return _build_local(rest)
    if scheme in _EXTRAS:
        return _build_remote(scheme, address, clock, entropy)
    raise InvalidConfig(
        f"store: expected memory:, file:///dir, s3://bucket, az://container or gs://bucket, found {address!r}"
    )


def _build_remote(scheme: str, address: str, clock: Clock, entropy: Entropy) -> ObjectStore:
    try:
        if scheme == "s3":
            from skylog.storage.s3.store import S3Store
            from skylog.storage.s3.url import parse_location

            return S3Store(parse_location(address), clock, entropy)
        from skylog.storage.clouds import build_azure, build_google

        return build_azure(address) if scheme == "az" else build_google(address)
    except ModuleNotFoundError as error:
        extra = f"pip install 'skylog[{_EXTRAS[scheme]}]'"
        raise InvalidConfig(f"store {address}: {error.name} is not installed: {extra}") from None


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


def _split_remote(url: str) -> tuple[str, dict[str, str]]:
    """Take off the parameters that are ours; the others are the store's."""
    address, _, query = url.partition("?")
    parameters = dict(parse_qsl(query, keep_blank_values=True))
    ours = {name: parameters.pop(name) for name in _PARAMETERS if name in parameters}
    return (f"{address}?{urlencode(parameters, safe=':/')}" if parameters else address), ours


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
