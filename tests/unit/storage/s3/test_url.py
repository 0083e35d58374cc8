"""What an s3:// address says, and how a wrong one is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from skylog.errors import InvalidConfig
from skylog.storage.s3.url import parse_location


def test_a_bucket_alone_is_enough() -> None:
    location = parse_location("s3://logs")
    assert (location.bucket, location.prefix) == ("logs", "")
    assert (location.endpoint, location.region, location.client) == (None, None, "obstore")
    assert not location.path_style
    assert location.tls_verify
    assert location.batch_delete


def test_everything_can_be_said(tmp_path: Path) -> None:
    authorities = tmp_path / "ca.pem"
    authorities.write_text("")
    url = (
        f"s3://my.bucket/a/b/?endpoint=https://s3.example:9000/&region=eu-west-1&path_style=no&profile=p"
        f"&client=boto3&storage_class=STANDARD_IA&sse=aws:kms&sse_kms_key_id=arn:aws:kms:x&checksum=sha256"
        f"&payload_signing=yes&batch_delete=no&ca_bundle={authorities}&connections=7&connect_timeout_ms=1"
        f"&read_timeout_ms=2&multipart_mib=5"
    )
    location = parse_location(url)
    assert location.url == url
    assert (location.bucket, location.prefix) == ("my.bucket", "a/b/")
    assert location.endpoint == "https://s3.example:9000"
    assert (location.region, location.profile, location.client) == ("eu-west-1", "p", "boto3")
    assert not location.path_style
    assert (location.storage_class, location.sse) == ("STANDARD_IA", "aws:kms")
    assert (location.sse_kms_key_id, location.checksum) == ("arn:aws:kms:x", "sha256")
    assert location.payload_signing
    assert not location.batch_delete
    assert location.ca_bundle == str(authorities)
    assert (location.connections, location.connect_timeout_ms, location.read_timeout_ms) == (7, 1, 2)
    assert location.multipart_bytes == 5 * 1024 * 1024


@pytest.mark.parametrize("url", ["s3://b.with.dots", "s3://bucket?endpoint=http://127.0.0.1:9"])
def test_the_bucket_stands_in_the_path_where_a_host_name_cannot_carry_it(url: str) -> None:
    assert parse_location(url).path_style


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("s3://", "expected s3://BUCKET/PREFIX"),
        ("s3:///prefix", "expected s3://BUCKET/PREFIX"),
        ("s3://bucket#x", "expected s3://BUCKET/PREFIX"),
        ("s3://ab", "bucket: expected 3 to 63 of a-z, 0-9, - and ., found 'ab'"),
        ("s3://Bucket", "bucket: expected 3 to 63 of a-z"),
        ("s3://bucket/a//b", "prefix: object key: expected letters"),
        ("s3://bucket/ä", "prefix: object key: expected letters"),
        ("s3://bucket?colour=blue", "parameters: expected batch_delete, ca_bundle, checksum"),
        ("s3://bucket?colour=blue", "found 'colour'"),
        (
            "s3://bucket?endpoint=127.0.0.1:9000",
            "endpoint: expected http://HOST:PORT or https://HOST without",
        ),
        ("s3://bucket?endpoint=http://h/path", "endpoint: expected http://HOST:PORT"),
        ("s3://bucket?region=Eu West", "region: expected a name such as eu-central-1, found 'Eu West'"),
        ("s3://bucket?path_style=perhaps", "path_style: expected yes or no, found 'perhaps'"),
        ("s3://bucket?client=aiobotocore", "client: expected obstore, boto3, found 'aiobotocore'"),
        ("s3://bucket?storage_class=standard", "storage_class: expected a name such as STANDARD"),
        ("s3://bucket?sse=AES", "sse: expected AES256, aws:kms, found 'AES'"),
        ("s3://bucket?sse_kms_key_id=k", "sse: expected aws:kms beside sse_kms_key_id, found None"),
        ("s3://bucket?checksum=md5", "checksum: expected none, sha256, crc64nvme, found 'md5'"),
        (
            "s3://bucket?checksum=crc64nvme&client=boto3",
            "checksum: expected sha256 or none with client=boto3",
        ),
        ("s3://bucket?ca_bundle=/none", "ca_bundle: expected the path of a PEM file, found '/none'"),
        ("s3://bucket?connections=0", "connections: expected a number from 1 to 1024, found '0'"),
        (
            "s3://bucket?read_timeout_ms=1.5",
            "read_timeout_ms: expected a number from 1 to 600000, found '1.5'",
        ),
        ("s3://bucket?multipart_mib=4", "multipart_mib: expected a number from 5 to 5120, found '4'"),
    ],
)
def test_a_wrong_part_is_named(url: str, message: str) -> None:
    with pytest.raises(InvalidConfig) as caught:
        parse_location(url)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "s3://AKIAX:hunter2@bucket/p",
        "s3://hunter2@bucket",
        "s3://bucket?secret_access_key=hunter2",
        "s3://bucket?aws_session_token=hunter2",
        "s3://bucket?endpoint=http://user:hunter2@host:9000",
    ],
)
def test_credentials_in_an_address_are_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(InvalidConfig, match="expected no credentials in the address") as caught:
        parse_location(url)
    assert "hunter2" not in str(caught.value)


def test_tls_is_checked_by_an_authority_or_not_at_all(tmp_path: Path) -> None:
    authorities = tmp_path / "ca.pem"
    authorities.write_text("")
    with pytest.raises(InvalidConfig, match="tls_verify=no makes ca_bundle useless"):
        parse_location(f"s3://bucket?tls_verify=no&ca_bundle={authorities}")
