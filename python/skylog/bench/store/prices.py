"""Which prices a store's address suggests."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from skylog.storage.prices import PriceSheet, load_prices


def sheet_for(url: str) -> PriceSheet:
    """Return the sheet of the provider that a URL speaks of; `none` for one's own machines."""
    parts = urlsplit(url)
    if parts.scheme == "s3" and "endpoint" not in parse_qs(parts.query):
        return load_prices("aws")
    return load_prices({"gs": "gcp", "az": "azure"}.get(parts.scheme, "none"))
