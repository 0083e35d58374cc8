"""Every object name is built and parsed here.

A segment's name says when it was created and by whom, so a sweep finds orphans by listing alone; nothing has
to be written down before a PUT::

    segments/7/1763899999123-1-42-7d0c…e1
             │ │             │ │  └ segment id, 32 hex digits
             │ │             │ └ epoch of that broker
             │ │             └ broker id
             │ └ creation time, milliseconds since 1970, 13 digits: enough until the year 2286
             └ shard: the first hex digit of the segment id

Below a shard names sort by creation time. Why shards: S3 serves about 3,500 PUT and 5,500 GET per second
and prefix and splits prefixes by the load it sees, but names that begin with the time move on from every
split and stay on the last prefix. Segment ids are random, so 16 shards spread evenly over what S3 can split
for good: 56,000 PUT and 88,000 GET per second, thousands of brokers with a PUT budget of 4 per second. More
shards would only make a sweep dearer: it lists each one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from skylog.errors import InvalidRequest

SEGMENT_PREFIX = "segments/"
"""Below it lie all segments and nothing else."""

SEGMENT_SHARDS = tuple(f"{SEGMENT_PREFIX}{digit}/" for digit in "0123456789abcdef")
"""The prefixes below which names sort by creation time."""

KEY_CHARACTERS_MAX = 512
PART_CHARACTERS_MAX = 200

_KEY = re.compile(r"[A-Za-z0-9_=-][A-Za-z0-9_=.-]*(?:/[A-Za-z0-9_=-][A-Za-z0-9_=.-]*)*")
_SEGMENT = re.compile(r"segments/([0-9a-f])/([0-9]{13})-(0|[1-9][0-9]*)-(0|[1-9][0-9]*)-(\1[0-9a-f]{31})")
_CREATED = slice(len(SEGMENT_PREFIX) + 2, len(SEGMENT_PREFIX) + 15)
_CREATED_MS_MAX = 10**13 - 1
_INT32_MAX = 2**31 - 1
_INT64_MAX = 2**63 - 1


def check_key(key: str) -> str:
    """Return `key` if a store can hold an object of that name.

    Raises
    ------
    InvalidRequest
        For characters outside ``A-Z a-z 0-9 - _ . / =``, a part that is empty, starts with a dot or is longer
        than 200 characters, and a name longer than 512.
    """
    if len(key) > KEY_CHARACTERS_MAX or any(len(part) > PART_CHARACTERS_MAX for part in key.split("/")):
        raise InvalidRequest(
            f"object key of {len(key)} characters: expected at most {KEY_CHARACTERS_MAX}, "
            f"{PART_CHARACTERS_MAX} between slashes, found {key[:60]!r}…"
        )
    if not _KEY.fullmatch(key):
        raise InvalidRequest(
            "object key: expected letters, digits and -_./=, no part empty or starting with a dot, "
            f"found {key!r}"
        )
    return key


@dataclass(frozen=True, slots=True)
class SegmentKey:
    """What the name of a segment says.

    Parameters
    ----------
    created_ms
        When it was sealed, by its broker's clock.
    broker_id, broker_epoch
        Who wrote it; an epoch that is over means that nobody will commit it any more.
    segment_id
        16 random bytes; the same as in the segment's header.
    """

    created_ms: int
    broker_id: int
    broker_epoch: int
    segment_id: bytes

    def __post_init__(self) -> None:
        _require_range("created_ms", self.created_ms, _CREATED_MS_MAX)
        _require_range("broker_id", self.broker_id, _INT32_MAX)
        _require_range("broker_epoch", self.broker_epoch, _INT64_MAX)
        if len(self.segment_id) != 16:
            raise InvalidRequest(f"segment key: segment_id: expected 16 bytes, found {len(self.segment_id)}")

    def build(self) -> str:
        """Return the object's name."""
        digits = self.segment_id.hex()
        owner = f"{self.broker_id}-{self.broker_epoch}"
        return f"{SEGMENT_PREFIX}{digits[0]}/{self.created_ms:013d}-{owner}-{digits}"

    @classmethod
    def parse(cls, key: str) -> SegmentKey:
        """Read a name that `build` made; `InvalidRequest` for every other."""
        match = _SEGMENT.fullmatch(key)
        if match is None:
            raise InvalidRequest(
                "segment key: expected segments/SHARD/CREATED_MS-BROKER-EPOCH-ID, "
                f"found {key[:KEY_CHARACTERS_MAX]!r}"
            )
        _, created_ms, broker_id, broker_epoch, segment_id = match.groups()
        return cls(
            _integer(created_ms), _integer(broker_id), _integer(broker_epoch), bytes.fromhex(segment_id)
        )


def created_ms(key: str) -> int | None:
    """Return when a segment was created, as far as its name looks like one: for many names, quickly."""
    digits = key[_CREATED]
    return int(digits) if digits.isdecimal() and len(digits) == 13 else None


def _integer(digits: str) -> int:
    # A bound before int(): it takes quadratic time and has a limit of its own.
    return int(digits) if len(digits) <= 19 else _INT64_MAX + 1


def _require_range(name: str, value: int, maximum: int) -> None:
    if not 0 <= value <= maximum:
        raise InvalidRequest(f"segment key: {name}: expected 0 to {maximum}, found {value}")
