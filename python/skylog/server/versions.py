"""ApiVersions: what is served, said to whoever asks."""

from __future__ import annotations

from skylog.wire.apis import api_versions_response
from skylog.wire.exchange import Body, Handler, Request
from skylog.wire.frames import API_VERSIONS


async def api_versions(request: Request) -> Body:
    """Answer ApiVersions v0-v4. Versions beyond are answered by the dispatcher, unread."""
    return api_versions_response(request.version, request=request.body)


def handlers() -> dict[int, Handler]:
    """Return the handler by api key."""
    return {API_VERSIONS: api_versions}
