"""boto3 as skylog uses it: it finds credentials, region and endpoint, probes, administers, can carry data."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import boto3
import botocore.session
from botocore.config import Config

from skylog.storage.base import Buffer
from skylog.storage.s3.url import S3Location

REGION_ELSEWHERE = "us-east-1"
"""What services other than AWS take unless they are told otherwise."""


class Access:
    """A boto3 client for a location, and what its chain found. Building it blocks; threads may share it.

    Parameters
    ----------
    region
        Stands in for what neither the address nor the chain says.
    """

    def __init__(self, location: S3Location, region: str = REGION_ELSEWHERE) -> None:
        self.location = location
        base = botocore.session.Session(profile=location.profile)
        self._session = boto3.Session(botocore_session=base, region_name=location.region)
        self.region_is_guessed = self._session.region_name is None
        self.region = self._session.region_name or region
        self.credentials = self._session.get_credentials()
        self.ca_bundle: str | None = location.ca_bundle or base.get_config_variable("ca_bundle")
        self.client: Any = self._session.client(
            "s3",
            region_name=self.region,
            endpoint_url=location.endpoint,
            verify=(self.ca_bundle or True) if location.tls_verify else False,
            config=_config(location),
        )
        self.client.meta.events.register("before-call.s3.DeleteObjects", _add_md5)

    @property
    def endpoint(self) -> str:
        """The service's root, as the chain resolves it."""
        url: str = self.client.meta.endpoint_url
        return url

    @property
    def put_options(self) -> dict[str, str]:
        """What every new object is stored with."""
        location = self.location
        options = {
            "StorageClass": location.storage_class,
            "ServerSideEncryption": location.sse,
            "SSEKMSKeyId": location.sse_kms_key_id,
            # boto3 has CRC-64 only with a compiled addition; obstore sends it by itself.
            "ChecksumAlgorithm": "SHA256" if location.checksum == "sha256" else None,
        }
        return {name: value for name, value in options.items() if value is not None}

    def body(self, data: Buffer) -> Buffer:
        """Return `data` as boto3 takes it: as it is, unless boto3 has to hash a view, which it cannot."""
        return bytes(data) if self.location.checksum and isinstance(data, memoryview) else data

    def close(self) -> None:
        """Close all connections."""
        self.client.close()


def _config(location: S3Location) -> Config:
    return Config(
        # Attempts are ours to count: boto3's own would hide them, and repeat what must not be repeated.
        retries={"total_max_attempts": 1, "mode": "standard"},
        connect_timeout=location.connect_timeout_ms / 1000,
        read_timeout=location.read_timeout_ms / 1000,
        max_pool_connections=location.connections,
        tcp_keepalive=True,
        # Some services reject the checksums that boto3 adds by itself. Segments carry their own.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        # Validation walks all parameters of each request, and refuses a memoryview as a body.
        parameter_validation=False,
        user_agent_extra="skylog",
        s3={
            "addressing_style": "path" if location.path_style else "virtual",
            "payload_signing_enabled": location.payload_signing,
        },
    )


def _add_md5(params: dict[str, Any], **_: object) -> None:
    # Older services want it with DeleteObjects; boto3 sends a CRC-32 instead, which newer ones take.
    digest = hashlib.md5(params["body"], usedforsecurity=False).digest()
    params["headers"]["Content-MD5"] = base64.b64encode(digest).decode()
