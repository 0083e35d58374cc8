"""What the probe at start says, heard from real servers."""

from __future__ import annotations

import datetime
import os
from collections.abc import Iterator
from typing import Any

import botocore.auth
import pytest

from skylog.clock import Clock, SystemClock
from skylog.errors import InvalidConfig, Unavailable
from skylog.storage.open import open_store
from skylog.storage.s3.store import S3Store
from stores.endpoint import Endpoint, Keys, environment_of
from stores.moto import MotoServer
from stores.ports import free_port
from stores.seaweed import LISTER, READER, WRITER, SeaweedFS

BUCKET = "probed"
NOBODY = Keys("nobody", "secret")


@pytest.fixture(scope="module")
def service(seaweedfs: SeaweedFS) -> Iterator[Endpoint]:
    seaweedfs.endpoint.create_bucket(BUCKET)
    yield seaweedfs.endpoint
    assert objects_in(seaweedfs.endpoint) == []


def objects_in(service: Endpoint) -> list[str]:
    client = service.client()
    found = client.list_objects_v2(Bucket=BUCKET).get("Contents", [])
    client.close()
    return [entry["Key"] for entry in found]


async def opened(url: str, keys: Keys, clock: Clock | None = None) -> S3Store:
    """Open and close a store; returns it for what it learned."""
    store = open_store(url, clock)
    assert isinstance(store, S3Store)
    with environment_of(keys):
        try:
            await store.open()
            assert store.conditional_put
        finally:
            await store.close()
    return store


async def refusal(url: str, keys: Keys, clock: Clock | None = None) -> str:
    with pytest.raises(InvalidConfig) as caught:
        await opened(url, keys, clock)
    assert keys.secret_key not in str(caught.value)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("client", ["obstore", "boto3"])
async def test_a_good_bucket_passes_and_nothing_is_left_in_it(service: Endpoint, client: str) -> None:
    await opened(service.store_url(BUCKET, "p", client=client), service.keys)
    assert objects_in(service) == []


async def test_no_such_bucket(service: Endpoint) -> None:
    said = await refusal(service.store_url("missing"), service.keys)
    assert f"there is no bucket missing at {service.url}; create it, or correct its name" in said


async def test_an_access_key_that_nobody_knows(service: Endpoint) -> None:
    said = await refusal(service.store_url(BUCKET), NOBODY)
    assert "put objects (s3:PutObject): the service does not know this access key" in said


async def test_a_secret_that_does_not_belong_to_its_key(service: Endpoint) -> None:
    said = await refusal(service.store_url(BUCKET), Keys(service.keys.access_key, "wrongsecret"))
    assert "the secret key does not belong to the access key" in said


@pytest.mark.parametrize(
    ("keys", "missing"),
    [
        (READER, "put objects (s3:PutObject), delete objects (s3:DeleteObject)"),
        (WRITER, "list objects (s3:ListBucket)"),
        (
            LISTER,
            "put objects (s3:PutObject), get objects (s3:GetObject), delete objects (s3:DeleteObject)",
        ),
    ],
    ids=["reader", "writer", "lister"],
)
async def test_missing_rights_are_named_all_at_once(service: Endpoint, keys: Keys, missing: str) -> None:
    said = await refusal(service.store_url(BUCKET), keys)
    assert f"the credentials ({keys.access_key}) may not {missing}; grant it for bucket {BUCKET}" in said
    assert objects_in(service) == []


@pytest.mark.parametrize("gone", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])
async def test_no_credentials(service: Endpoint, gone: str) -> None:
    store = open_store(service.store_url(BUCKET))
    with environment_of(service.keys):
        for name in {gone, "AWS_ACCESS_KEY_ID"}:
            del os.environ[name]
        with pytest.raises(InvalidConfig, match="no credentials were found; set AWS_ACCESS_KEY_ID"):
            await store.open()
    await store.close()


async def test_a_profile_that_is_not_there(service: Endpoint) -> None:
    said = await refusal(service.store_url(BUCKET, profile="nope"), service.keys)
    assert "the credentials cannot be had (The config profile (nope) could not be found)" in said


class Ahead(SystemClock):
    def __init__(self, seconds: int) -> None:
        self._seconds = seconds

    def now_ms(self) -> int:
        return super().now_ms() + self._seconds * 1000


@pytest.mark.parametrize(("seconds", "side"), [(3600, "ahead of"), (-3600, "behind")])
async def test_a_clock_that_is_wrong(service: Endpoint, seconds: int, side: str) -> None:
    said = await refusal(service.store_url(BUCKET), service.keys, Ahead(seconds))
    assert f"{side} the service's, which it does not accept; set the clock (NTP)" in said


async def test_a_clock_that_is_a_little_wrong_is_worth_a_warning(
    service: Endpoint, caplog: pytest.LogCaptureFixture
) -> None:
    await opened(service.store_url(BUCKET), service.keys, Ahead(120))
    [warning] = [record.message for record in caplog.records if record.levelname == "WARNING"]
    assert "ahead of the service's; set the clock (NTP)" in warning


async def test_a_request_signed_at_the_wrong_time(service: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    now = botocore.auth.get_current_datetime

    def later(**options: Any) -> datetime.datetime:
        return now(**options) + datetime.timedelta(hours=1)

    monkeypatch.setattr(botocore.auth, "get_current_datetime", later)
    said = await refusal(service.store_url(BUCKET), service.keys)
    assert "this machine's clock and the service's differ too much" in said


async def test_a_region_that_is_not_the_buckets(moto: MotoServer) -> None:
    service = moto.endpoint
    client = service.client()
    client.create_bucket(Bucket="europe", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    client.close()
    said = await refusal(service.store_url("europe"), service.keys)
    assert "lies in region eu-west-1, not in us-east-1; put region=eu-west-1 into the store's address" in said
    # Where nothing says which, the service is asked.
    await opened(f"s3://europe?endpoint={service.url}", service.keys)


async def test_a_storage_class_that_is_not_there(service: Endpoint) -> None:
    said = await refusal(service.store_url(BUCKET, storage_class="NONSENSE"), service.keys)
    assert "the service has no such storage class; correct storage_class" in said


async def test_tls_where_there_is_none(service: Endpoint) -> None:
    said = await refusal(
        service.store_url(BUCKET, endpoint=service.url.replace("http:", "https:")), service.keys
    )
    assert "TLS fails; ca_bundle=FILE names whom to trust, http:// speaks without TLS" in said


@pytest.mark.parametrize("host", [f"127.0.0.1:{free_port()}", "no-such-host.invalid"])
async def test_an_endpoint_that_is_not_there(host: str) -> None:
    with pytest.raises(Unavailable, match="the endpoint cannot be reached; check its host and port"):
        await opened(f"s3://{BUCKET}?endpoint=http://{host}", NOBODY)


async def test_a_service_that_does_not_answer(service: Endpoint, seaweedfs: SeaweedFS) -> None:
    seaweedfs.process.pause()
    try:
        with pytest.raises(Unavailable, match="no answer in time"):
            await opened(service.store_url(BUCKET, read_timeout_ms="200"), service.keys)
    finally:
        seaweedfs.process.resume()
