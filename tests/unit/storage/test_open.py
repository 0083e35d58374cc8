from __future__ import annotations

import sys
from pathlib import Path

import pytest

from skylog.config import Config
from skylog.errors import InvalidConfig
from skylog.storage.delay import Delayed, Latency
from skylog.storage.local import LocalStore
from skylog.storage.memory import MemoryStore
from skylog.storage.open import open_store


def test_memory() -> None:
    store = open_store("memory:")
    assert isinstance(store, MemoryStore)
    assert store.url == "memory:"


@pytest.mark.parametrize("name", ["plain", "with space", "a%20b", "a#b", "what?", "a?b=c/d", "ü"])
def test_a_directory_is_taken_as_it_stands(tmp_path: Path, name: str) -> None:
    store = open_store(f"file://{tmp_path}/{name}")
    assert isinstance(store, LocalStore)
    assert store.url == f"file://{tmp_path}/{name}"


async def test_the_embedded_default_can_be_opened(tmp_path: Path) -> None:
    store = open_store(Config.in_directory(tmp_path / "data").store)
    await store.open()
    await store.put("a", b"x")
    assert (tmp_path / "data" / "objects" / "a").read_bytes() == b"x"
    await store.close()


def test_parameters_make_a_store_slow(tmp_path: Path) -> None:
    store = open_store(f"file://{tmp_path}?put_ms=100&put_p99_ms=400&get_ms=2.5")
    assert isinstance(store, Delayed)
    assert isinstance(store.inner, LocalStore)
    assert store.put_latency == Latency(100, 400)
    assert store.get_latency == Latency(2.5)
    assert store.url == f"file://{tmp_path}"


def test_a_store_far_away_can_be_made_slower_too() -> None:
    store = open_store("s3://bucket/a?endpoint=http://127.0.0.1:9&put_ms=100&region=us-east-1")
    assert isinstance(store, Delayed)
    assert store.put_latency == Latency(100)
    assert store.url == "s3://bucket/a?endpoint=http://127.0.0.1:9&region=us-east-1"


@pytest.mark.parametrize(
    ("url", "extra"), [("s3://bucket", "s3"), ("az://bucket", "obstore"), ("gs://bucket", "obstore")]
)
def test_what_is_not_installed_is_named(url: str, extra: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [
        name for name in sys.modules if name.startswith(("skylog.storage.s3", "skylog.storage.clou"))
    ]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "obstore", None)
    monkeypatch.delitem(sys.modules, "skylog.storage.obstore", raising=False)
    with pytest.raises(InvalidConfig, match=rf"pip install 'skylog\[{extra}\]'"):
        open_store(url)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("http://bucket/prefix", "expected memory:, file:///dir, s3://bucket"),
        ("", "expected memory:, file:///dir, s3://bucket"),
        ("/var/lib/skylog", "expected memory:, file:///dir, s3://bucket"),
        ("memory:x", "takes no path"),
        ("memory://", "takes no path"),
        ("file:", "absolute path"),
        ("file:relative", "absolute path"),
        ("file://host/dir", "absolute path"),
        ("file:///a\0b", "absolute path"),
        ("memory:?put_ms=fast", "put_ms: expected a number, found 'fast'"),
        ("memory:?put_ms=", "put_ms: expected a number"),
        ("memory:?put_ms=-1", "put latency: expected 0 ms or more"),
        ("memory:?get_ms=10&get_p99_ms=5", "get latency: expected 0 < p50 <= p99"),
        ("memory:?get_p99_ms=5", "wants get_ms"),
        (
            "memory:?colour=blue",
            "expected a parameter of put_ms, put_p99_ms, get_ms, get_p99_ms, found 'colour'",
        ),
    ],
)
def test_what_cannot_be_opened_says_what_can(url: str, message: str) -> None:
    with pytest.raises(InvalidConfig) as caught:
        open_store(url)
    assert message in str(caught.value)
