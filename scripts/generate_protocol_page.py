#!/usr/bin/env python3
"""Write docs/reference/protocol.md from the table of what is served.

Without arguments it writes the page; with --check it fails if the committed one is stale.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from skylog.wire.apis import SERVED, Api
from skylog.wire.codec import message

PAGE = Path(__file__).resolve().parent.parent / "docs" / "reference" / "protocol.md"

HEAD = """# Served APIs

Generated from `python/skylog/wire/apis.py` by `scripts/generate_protocol_page.py`; do not edit.

Clients negotiate, so what is not listed here is to them a feature that is switched off.

| key | API | versions | flexible from | advertised |
|--:|---|---|--:|---|
"""

FOOT = """
*Flexible* versions have compact lengths and tagged fields. *Advertised* is what ApiVersions says; Produce
names versions that it refuses because librdkafka before 2.11.1 silently drops compression otherwise.

An ApiVersions request of a version that is not served gets error 35 (UNSUPPORTED_VERSION), encoded as
version 0, with the range of ApiVersions in it. Any other unknown key or version closes the connection.
"""


def row(api: Api) -> str:
    """Return the line of one API."""
    flexible = message(api.key, "request").flexible
    shown = str(flexible) if flexible <= api.until else "never"
    served, advertised = f"{api.since}-{api.until}", f"{api.advertised_since}-{api.until}"
    return f"| {api.key} | {api.name} | {served} | {shown} | {advertised} |\n"


def render() -> str:
    """Return the whole page."""
    return HEAD + "".join(row(api) for api in SERVED) + FOOT


def main(arguments: Sequence[str]) -> int:
    """Write or check the page."""
    page = render()
    if "--check" not in arguments:
        PAGE.write_text(page)
        return 0
    if PAGE.exists() and PAGE.read_text() == page:
        return 0
    print(f"{PAGE} is stale: run scripts/generate_protocol_page.py", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
