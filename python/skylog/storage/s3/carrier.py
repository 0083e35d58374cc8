"""The data path of ``s3://`` by obstore, with the credentials, region and endpoint that boto3 found."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from obstore.store import S3Store as Carrier

from skylog.clock import Clock
from skylog.storage.obstore import ONE_ATTEMPT, ObstoreStore, client_options
from skylog.storage.s3.client import Access

if TYPE_CHECKING:
    from obstore.store import ClientConfig, S3Credential

CREDENTIALS_KEPT_S = 60
"""boto3 renews credentials a quarter of an hour before they expire, so asking it once a minute is enough."""


def build_data_path(access: Access, clock: Clock) -> ObstoreStore:
    """Return a store that carries data for `access`."""
    location = access.location
    carrier = Carrier(
        location.bucket,
        prefix=location.prefix or None,
        # The more exact of the two names: a variable of that name in the environment would win otherwise.
        aws_endpoint_url_s3=_endpoint(access),
        region=access.region,
        virtual_hosted_style_request=not location.path_style,
        credential_provider=_provider(access.credentials, clock),
        skip_signature=False,
        unsigned_payload=not location.payload_signing,
        client_options=_client_options(access),
        retry_config=ONE_ATTEMPT,
        **_object_options(access),
    )
    return ObstoreStore(
        carrier, location.url, connections=location.connections, storage_class=location.storage_class
    )


def _endpoint(access: Access) -> str:
    scheme, _, host = access.endpoint.rstrip("/").partition("://")
    return (
        f"{scheme}://{host}" if access.location.path_style else f"{scheme}://{access.location.bucket}.{host}"
    )


def _object_options(access: Access) -> dict[str, Any]:
    location = access.location
    options = {
        "checksum_algorithm": location.checksum,
        "server_side_encryption": location.sse,
        "sse_kms_key_id": location.sse_kms_key_id,
    }
    return {name: value for name, value in options.items() if value is not None}


def _client_options(access: Access) -> ClientConfig:
    location = access.location
    options = client_options(
        connections=location.connections,
        connect_timeout_ms=location.connect_timeout_ms,
        read_timeout_ms=location.read_timeout_ms,
        allow_http=access.endpoint.startswith("http://"),
    )
    if not location.tls_verify:
        options["allow_invalid_certificates"] = True
    elif access.ca_bundle is not None:
        options["root_certificate"] = Path(access.ca_bundle).read_bytes()
    return options


def _provider(credentials: Any, clock: Clock) -> Callable[[], Coroutine[Any, Any, S3Credential]]:
    """Ask boto3, on a thread since it may go to the network; it answers at once while they are fresh."""

    async def provide() -> S3Credential:
        frozen = await asyncio.to_thread(credentials.get_frozen_credentials)
        now = datetime.fromtimestamp(clock.now_ms() / 1000, UTC)
        return {
            "access_key_id": frozen.access_key,
            "secret_access_key": frozen.secret_key,
            "token": frozen.token,
            "expires_at": now + timedelta(seconds=CREDENTIALS_KEPT_S),
        }

    return provide
