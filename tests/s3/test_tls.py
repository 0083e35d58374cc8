"""TLS to a service with an authority of its own: trusted by name, not at all, or blindly."""

from __future__ import annotations

import dataclasses
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from skylog.errors import InvalidConfig
from skylog.storage.open import open_store
from stores.endpoint import Endpoint, environment_of
from stores.ports import free_port_pairs
from stores.seaweed import SeaweedFS

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="makes its certificate with openssl")

BUCKET = "sealed"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with an authority and a certificate that it signed for 127.0.0.1."""
    directory = tmp_path_factory.mktemp("tls")
    (directory / "names").write_text("subjectAltName=IP:127.0.0.1\nbasicConstraints=CA:FALSE\n")
    for command in (
        "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=authority -keyout ca.key -out ca.pem",
        "req -newkey rsa:2048 -nodes -subj /CN=store -keyout store.key -out store.csr",
        "x509 -req -in store.csr -CA ca.pem -CAkey ca.key -CAcreateserial -extfile names -out store.pem",
    ):
        subprocess.run(["openssl", *command.split()], cwd=directory, check=True, capture_output=True)
    return directory


@pytest.fixture(scope="module")
def service(authority: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    [port] = free_port_pairs(1)
    certificate = (f"-s3.cert.file={authority / 'store.pem'}", f"-s3.key.file={authority / 'store.key'}")
    server = SeaweedFS(tmp_path_factory.mktemp("sealed"), options=(f"-s3.port.https={port}", *certificate))
    with server:
        server.endpoint.create_bucket(BUCKET)
        yield dataclasses.replace(server.endpoint, url=f"https://127.0.0.1:{port}")


@pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
@pytest.mark.parametrize("client", ["obstore", "boto3"])
@pytest.mark.parametrize("how", ["ca_bundle", "AWS_CA_BUNDLE", "tls_verify"])
async def test_a_service_is_trusted_as_told(
    service: Endpoint, authority: Path, client: str, how: str
) -> None:
    bundle = str(authority / "ca.pem")
    parameters = {"ca_bundle": {"ca_bundle": bundle}, "tls_verify": {"tls_verify": "no"}}.get(how, {})
    variables = {"AWS_CA_BUNDLE": bundle} if how == "AWS_CA_BUNDLE" else {}
    with environment_of(service.keys, **variables):
        store = open_store(service.store_url(BUCKET, client=client, **parameters))
        await store.open()
        await store.put("a", b"sealed")
        assert await store.get("a") == b"sealed"
        await store.delete(["a"])
        await store.close()


@pytest.mark.parametrize("client", ["obstore", "boto3"])
async def test_a_service_that_nobody_trusts_is_refused(service: Endpoint, client: str) -> None:
    store = open_store(service.store_url(BUCKET, client=client))
    with environment_of(service.keys), pytest.raises(InvalidConfig, match="TLS fails; ca_bundle=FILE names"):
        await store.open()
    await store.close()
