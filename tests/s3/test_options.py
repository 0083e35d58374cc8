"""What an address asks of objects and credentials reaches the service, whichever client carries them."""

from __future__ import annotations

import base64
import hashlib
import json
import sys
from pathlib import Path

import pytest

from skylog.storage.open import open_store
from stores.endpoint import Keys, environment_of
from stores.moto import MotoServer
from stores.seaweed import SeaweedFS

CLIENTS = pytest.mark.parametrize("client", ["obstore", "boto3"])


@CLIENTS
async def test_objects_are_stored_as_the_address_says(moto: MotoServer, client: str) -> None:
    service, bucket = moto.endpoint, f"stored-by-{client}"
    service.create_bucket(bucket)
    asked = {
        "storage_class": "STANDARD_IA",
        "sse": "aws:kms",
        "sse_kms_key_id": "a-key",
        "checksum": "sha256",
    }
    with environment_of(service.keys):
        store = open_store(service.store_url(bucket, client=client, multipart_mib="5", **asked))
        await store.open()
        await store.put("small", b"x")
        await store.put("large", bytes(6 << 20))
        await store.close()
    admin = service.client()
    for key in ("small", "large"):
        found = admin.head_object(Bucket=bucket, Key=key, ChecksumMode="ENABLED")
        assert found["StorageClass"] == "STANDARD_IA", key
        assert found["ServerSideEncryption"] == "aws:kms", key
        assert found["SSEKMSKeyId"] == "a-key", key
    admin.close()


@CLIENTS
async def test_a_checksum_is_kept_by_the_service(seaweedfs: SeaweedFS, client: str) -> None:
    service, bucket = seaweedfs.endpoint, f"summed-by-{client}"
    service.create_bucket(bucket)
    with environment_of(service.keys):
        store = open_store(service.store_url(bucket, client=client, checksum="sha256"))
        await store.open()
        await store.put("a", memoryview(b"abc"))
        await store.close()
    admin = service.client()
    found = admin.head_object(Bucket=bucket, Key="a", ChecksumMode="ENABLED")
    admin.close()
    assert found["ChecksumSHA256"] == base64.b64encode(hashlib.sha256(b"abc").digest()).decode()


async def test_crc64_goes_with_what_obstore_carries(seaweedfs: SeaweedFS) -> None:
    service, bucket = seaweedfs.endpoint, "summed-by-crc64"
    service.create_bucket(bucket)
    with environment_of(service.keys):
        store = open_store(service.store_url(bucket, checksum="crc64nvme", multipart_mib="5"))
        await store.open()
        await store.put("a", b"abc")
        await store.put("large", bytes(6 << 20))
        await store.close()
    admin = service.client()
    found = admin.head_object(Bucket=bucket, Key="a", ChecksumMode="ENABLED")
    admin.close()
    assert "ChecksumCRC64NVME" in found


@CLIENTS
async def test_bodies_may_be_signed(seaweedfs: SeaweedFS, client: str) -> None:
    service, bucket = seaweedfs.endpoint, f"signed-by-{client}"
    service.create_bucket(bucket)
    with environment_of(service.keys):
        store = open_store(service.store_url(bucket, client=client, payload_signing="yes"))
        await store.open()
        await store.put("a", memoryview(b"signed"))
        assert await store.get("a") == b"signed"
        await store.close()


@CLIENTS
async def test_credentials_may_come_from_a_profiles_process(
    seaweedfs: SeaweedFS, client: str, tmp_path: Path
) -> None:
    service, bucket = seaweedfs.endpoint, f"profile-{client}"
    service.create_bucket(bucket)
    keys = {"AccessKeyId": service.keys.access_key, "SecretAccessKey": service.keys.secret_key}
    said = tmp_path / "keys.json"
    said.write_text(json.dumps({"Version": 1, "Expiration": "2099-01-01T00:00:00Z", **keys}))
    command = f"{sys.executable} -c \"print(open('{said}').read())\""
    config = tmp_path / "config"
    config.write_text(f"[profile made]\ncredential_process = {command}\nregion = us-east-1\n")
    with environment_of(Keys("nobody", "nothing"), AWS_CONFIG_FILE=str(config)):
        store = open_store(f"s3://{bucket}?endpoint={service.url}&profile=made&client={client}")
        await store.open()
        await store.put("a", b"x")
        assert await store.get("a") == b"x"
        await store.close()
