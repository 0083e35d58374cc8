"""What az:// and gs:// addresses say; `make azure` holds the first to the contract, on Azurite."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from skylog.errors import InvalidConfig, Unavailable
from skylog.storage.obstore import ObstoreStore
from skylog.storage.open import open_store
from stores.ports import free_port

KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoMGMw=="


@pytest.mark.parametrize(
    "url",
    [
        "az://logs/a/b?account=mine&storage_class=Cool&connections=4",
        "az://logs?account=mine&endpoint=http://127.0.0.1:10000&multipart_mib=5",
        "gs://logs/a?storage_class=NEARLINE&read_timeout_ms=100",
        "gs://logs?endpoint=http://127.0.0.1:10000",
    ],
)
def test_a_store_is_built_and_keeps_its_address(url: str) -> None:
    store = open_store(url)
    assert isinstance(store, ObstoreStore)
    assert store.url == url
    assert store.puts_per_second == 4


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("az://", "expected az://CONTAINER/PREFIX?account=NAME"),
        ("gs://", "expected gs://BUCKET/PREFIX"),
        ("az://logs?account=My", "account: expected 3 to 24 of a-z and 0-9, found 'My'"),
        ("az://logs?account_key=x", "account_key: expected no credentials in the address"),
        ("gs://logs?account=mine", "parameters: expected connect_timeout_ms, connections, endpoint"),
        ("gs://logs?region=europe-west1", "found 'region'"),
        ("gs://logs/ä", "prefix: object key: expected letters"),
        ("gs://logs?connections=none", "connections: expected a number from 1 to 1024, found 'none'"),
    ],
)
def test_a_wrong_part_is_named(url: str, message: str) -> None:
    with pytest.raises(InvalidConfig) as caught:
        open_store(url)
    assert message in str(caught.value)


@pytest.mark.parametrize("scheme", ["az", "gs"])
async def test_an_endpoint_that_is_not_there_is_unavailable(
    scheme: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_NAME", "mine")
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_KEY", KEY)
    monkeypatch.setenv("GOOGLE_SKIP_SIGNATURE", "true")
    account = "account=mine&" if scheme == "az" else ""
    store = open_store(f"{scheme}://logs?{account}endpoint=http://127.0.0.1:{free_port()}")
    with pytest.raises(Unavailable, match=r"the endpoint cannot be reached \(connection refused\)"):
        await store.open()
    await store.close()
    with pytest.raises(Unavailable, match="the store is closed"):
        await store.get("a")


def test_a_key_file_that_is_no_key_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "key.json"
    file.write_text(json.dumps({"type": "nonsense"}))
    monkeypatch.setenv("GOOGLE_SERVICE_ACCOUNT", str(file))
    with pytest.raises(InvalidConfig, match="store gs://logs: "):
        open_store("gs://logs")
