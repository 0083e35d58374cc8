"""How requests that change the catalog take their turn."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable, Iterable
from typing import TypeVar

from skylog.catalog.catalog import Catalog
from skylog.errors import SkylogError

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

WAIT_MS_DEFAULT = 60_000
WAIT_MS_MAX = 300_000


def wait_ms(timeout_ms: int) -> int:
    """Return how long a request may wait for its change, from what it asks for.

    Some clients send 0 or -1 and mean «as long as you think fit», which Kafka takes for «not at all».
    """
    return min(timeout_ms, WAIT_MS_MAX) if timeout_ms > 0 else WAIT_MS_DEFAULT


async def change_each(
    catalog: Catalog,
    items: Iterable[K],
    work: Callable[[], Awaitable[dict[K, V | SkylogError]]],
    timeout_ms: int,
) -> dict[K, V | SkylogError]:
    """Run `work` in its turn; an error of the whole is the outcome of each of `items`."""
    try:
        return await catalog.change(work, wait_ms(timeout_ms))
    except SkylogError as error:
        return dict.fromkeys(items, error)
