"""``az://container/prefix`` and ``gs://bucket/prefix``: Azure Blob Storage and Google Cloud Storage.

Credentials come from the environment, a file it names, or the machine's identity, as `obstore` finds them.

==============  =============  ==============================================================================
parameter       default        meaning
==============  =============  ==============================================================================
``account``     environment    the storage account (``az``; ``AZURE_STORAGE_ACCOUNT_NAME``)
``endpoint``    the cloud's    another root: ``http(s)://host:port``, of Azurite with the account behind it
``storage_class``  the bucket's  tier or class of new objects, ``Cool``, ``NEARLINE``, …
``connections``, ``connect_timeout_ms``, ``read_timeout_ms``, ``multipart_mib``: as with ``s3://``
==============  =============  ==============================================================================
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

from obstore.exceptions import BaseError
from obstore.store import AzureStore, GCSStore

from skylog.errors import InvalidConfig
from skylog.storage.address import Address
from skylog.storage.obstore import ONE_ATTEMPT, ObstoreStore, client_options

if TYPE_CHECKING:
    from obstore.store import ClientConfig

_MIB = 1024 * 1024


class _StoreOptions(TypedDict):
    connections: int
    storage_class: str | None
    multipart_bytes: int


def build_azure(url: str) -> ObstoreStore:
    """Build the store of an ``az://`` URL. Raises `InvalidConfig`."""
    address = Address.parse(url, "az://CONTAINER/PREFIX?account=NAME")
    account = address.text("account", r"[a-z0-9]{3,24}", "3 to 24 of a-z and 0-9")
    endpoint = address.endpoint()
    options = _client_options(address, endpoint)
    store_options = _store_options(address)
    address.check_all_read()
    known = {"account_name": account, "endpoint": endpoint and f"{endpoint}/{account}"}
    try:
        carrier = AzureStore(
            address.bucket,
            prefix=address.prefix or None,
            client_options=options,
            retry_config=ONE_ATTEMPT,
            **{name: value for name, value in known.items() if value is not None},  # type: ignore[arg-type]
        )
    except (BaseError, ValueError) as error:
        raise _refuse(url, error) from error
    return ObstoreStore(carrier, url, **store_options)


def build_google(url: str) -> ObstoreStore:
    """Build the store of a ``gs://`` URL. Raises `InvalidConfig`."""
    address = Address.parse(url, "gs://BUCKET/PREFIX")
    endpoint = address.endpoint()
    options = _client_options(address, endpoint)
    store_options = _store_options(address)
    address.check_all_read()
    known = {"base_url": endpoint}
    try:
        carrier = GCSStore(
            address.bucket,
            prefix=address.prefix or None,
            client_options=options,
            retry_config=ONE_ATTEMPT,
            **{name: value for name, value in known.items() if value is not None},  # type: ignore[arg-type]
        )
    except (BaseError, ValueError, OSError) as error:
        raise _refuse(url, error) from error
    return ObstoreStore(carrier, url, **store_options)


def _client_options(address: Address, endpoint: str | None) -> ClientConfig:
    return client_options(
        connections=_connections(address),
        connect_timeout_ms=address.number("connect_timeout_ms", 1, 600_000, 3_000),
        read_timeout_ms=address.number("read_timeout_ms", 1, 600_000, 30_000),
        allow_http=endpoint is not None and endpoint.startswith("http://"),
    )


def _store_options(address: Address) -> _StoreOptions:
    return {
        "connections": _connections(address),
        "storage_class": address.text(
            "storage_class", r"[A-Za-z0-9_-]{1,40}", "a name such as Cool or NEARLINE"
        ),
        "multipart_bytes": address.number("multipart_mib", 5, 5 * 1024, 64) * _MIB,
    }


def _connections(address: Address) -> int:
    return address.number("connections", 1, 1024, 64)


def _refuse(url: str, error: Exception) -> InvalidConfig:
    return InvalidConfig(f"store {url}: {str(error).partition(chr(10))[0].strip()[:300]}")
