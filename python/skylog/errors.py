"""The few kinds of errors, by who must act.

A message says what, where, expected and found. Kafka's error codes are attached in one place only,
:mod:`skylog.wire.codes`; nothing else in the package knows a number.
"""

from __future__ import annotations


class SkylogError(Exception):
    """Root of all errors that skylog raises on purpose."""


class InvalidRequest(SkylogError):
    """The caller asked for something malformed or not allowed; asking again will not help."""


class NotFound(InvalidRequest):
    """The named topic, partition, group, segment or object does not exist."""


class Conflict(SkylogError):
    """The request is well formed but contradicts the present state (it exists already, it is not empty)."""


class Fenced(SkylogError):
    """A newer epoch has taken over from the caller; the caller must stop or start anew."""


class Unavailable(SkylogError):
    """A store or the coordinator did not answer in time; the outcome may be unknown; try again."""


class Throttled(Unavailable):
    """The store asks for fewer requests (503 SlowDown, 429); try again, but later and less often."""


class Corrupt(SkylogError):
    """Stored or received bytes contradict their own checksum or structure."""


class InvalidConfig(InvalidRequest):
    """A configuration value is out of its range; the message names the field and what it takes."""
