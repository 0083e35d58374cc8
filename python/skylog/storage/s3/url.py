"""``s3://bucket/prefix?…``: which bucket, of which service, spoken to how.

=====================  ==================  ==========================================================
parameter              default             meaning
=====================  ==================  ==========================================================
``endpoint``           AWS                 ``http(s)://host:port`` of another service
``region``             the usual chain     where the bucket lies; ``us-east-1`` with an endpoint
``path_style``         with an endpoint    ``yes``: bucket in the path; ``no``: in the host name
``profile``            the usual chain     a profile of ``~/.aws/config``
``client``             ``obstore``         who carries PUT and GET: ``obstore`` or ``boto3``
``storage_class``      the bucket's        of new objects, ``STANDARD``, ``INTELLIGENT_TIERING``, …
``sse``                the bucket's        ``AES256`` or ``aws:kms``
``sse_kms_key_id``     the account's       key for ``sse=aws:kms``
``checksum``           ``none``            ``sha256`` or ``crc64nvme``: the service checks what arrives
``payload_signing``    ``no``              ``yes``: the signature covers the body (SHA-256 of each PUT)
``batch_delete``       ``yes``             ``no``: one DELETE an object, where DeleteObjects is missing
``tls_verify``         ``yes``             ``no``: any certificate will do
``ca_bundle``          the system's        a PEM file with the authorities to trust
``connections``        64                  kept open for use; threads of ``client=boto3``
``connect_timeout_ms`` 3,000               until a connection stands
``read_timeout_ms``    30,000              without an answer, or without a byte of it
``multipart_mib``      64                  objects above it go in parts, with more requests
=====================  ==================  ==========================================================
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

from skylog.errors import InvalidConfig
from skylog.storage.address import Address

EXAMPLE = "s3://BUCKET/PREFIX?endpoint=URL&region=NAME"

_BUCKET = r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"
_MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class S3Location:
    """What an ``s3://`` URL says; None leaves a choice to the service or to boto3's chain."""

    url: str
    bucket: str
    prefix: str
    endpoint: str | None
    region: str | None
    path_style: bool
    profile: str | None
    client: str
    storage_class: str | None
    sse: str | None
    sse_kms_key_id: str | None
    checksum: str | None
    payload_signing: bool
    batch_delete: bool
    tls_verify: bool
    ca_bundle: str | None
    connections: int
    connect_timeout_ms: int
    read_timeout_ms: int
    multipart_bytes: int


def parse_location(url: str) -> S3Location:
    """Read an ``s3://`` URL. Raises `InvalidConfig` that names the part, what it takes and what was found."""
    address = Address.parse(url, EXAMPLE)
    endpoint = address.endpoint()
    path_style = address.flag("path_style")
    location = S3Location(
        url=url,
        bucket=_bucket(address),
        prefix=address.prefix,
        endpoint=endpoint,
        region=address.text("region", r"[a-z0-9-]{2,40}", "a name such as eu-central-1"),
        path_style=path_style if path_style is not None else endpoint is not None or "." in address.bucket,
        profile=address.text("profile", r"[^\x00-\x1f]{1,200}", "the name of a profile"),
        client=address.choice("client", ("obstore", "boto3")) or "obstore",
        storage_class=address.text("storage_class", r"[A-Z0-9_-]{1,40}", "a name such as STANDARD"),
        sse=address.choice("sse", ("AES256", "aws:kms")),
        sse_kms_key_id=address.text("sse_kms_key_id", r"[\x21-\x7e]{1,2048}", "a key's id or ARN"),
        checksum=_checksum(address),
        payload_signing=address.flag("payload_signing") or False,
        batch_delete=address.flag("batch_delete") is not False,
        tls_verify=address.flag("tls_verify") is not False,
        ca_bundle=_ca_bundle(address),
        connections=address.number("connections", 1, 1024, 64),
        connect_timeout_ms=address.number("connect_timeout_ms", 1, 600_000, 3_000),
        read_timeout_ms=address.number("read_timeout_ms", 1, 600_000, 30_000),
        multipart_bytes=address.number("multipart_mib", 5, 5 * 1024, 64) * _MIB,
    )
    address.check_all_read()
    _check_together(address, location)
    return location


def _bucket(address: Address) -> str:
    if not re.fullmatch(_BUCKET, address.bucket):
        raise address.refuse("bucket", "3 to 63 of a-z, 0-9, - and .", address.bucket)
    return address.bucket


def _checksum(address: Address) -> str | None:
    checksum = address.choice("checksum", ("none", "sha256", "crc64nvme"))
    return None if checksum == "none" else checksum


def _ca_bundle(address: Address) -> str | None:
    path = address.text("ca_bundle", r"[^\x00]+", "the path of a PEM file")
    if path is not None and not os.path.isfile(path):
        raise address.refuse("ca_bundle", "the path of a PEM file", path)
    return path


def _check_together(address: Address, location: S3Location) -> None:
    if location.sse_kms_key_id and location.sse != "aws:kms":
        raise address.refuse("sse", "aws:kms beside sse_kms_key_id", location.sse)
    if location.ca_bundle and not location.tls_verify:
        raise InvalidConfig(f"store {location.url}: tls_verify=no makes ca_bundle useless: leave one out")
    if location.checksum == "crc64nvme" and location.client == "boto3":
        raise address.refuse("checksum", "sha256 or none with client=boto3", location.checksum)
