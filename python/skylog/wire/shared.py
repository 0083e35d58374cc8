"""Rows that many answers share, written once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from skylog.wire.exchange import Body

ENCODINGS_MAX: Final = 8
"""Forms of one list that are kept: about as many as there are versions in use."""


class SharedRows(list[Body]):
    """Structs of an array that stand in many answers and that nobody changes any more.

    What an encoder makes of them is kept with them, so it costs a copy from the second answer on. It is gone
    with the list.

    Attributes
    ----------
    encoded : dict of str to bytes
        What was written, without the count, by the field of the message and version that it stands in.
    """

    __slots__ = ("encoded",)

    def __init__(self, rows: Iterable[Body]) -> None:
        super().__init__(rows)
        self.encoded: Final[dict[str, bytes]] = {}

    def keep(self, place: str, parts: list[bytes]) -> bytes:
        """Return what was written at `place` in one piece, and keep it in place of the oldest."""
        if len(self.encoded) >= ENCODINGS_MAX:
            del self.encoded[next(iter(self.encoded))]
        self.encoded[place] = data = b"".join(parts)
        return data
