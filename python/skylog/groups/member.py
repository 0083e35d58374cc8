"""One member of a classic group."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from skylog.groups.requests import Ticket


@dataclass(slots=True)
class Member:
    """A member and what it waits for."""

    member_id: str
    instance_id: str | None
    client_id: str
    client_host: str
    session_timeout_ms: int
    rebalance_timeout_ms: int
    protocols: Mapping[str, bytes]
    """Name → metadata, the preferred one first."""
    assignment: bytes = b""
    joining: Ticket | None = None
    """Its JoinGroup that waits for the others; only `Roster` writes it, since it counts them."""
    syncing: Ticket | None = None
    """Its SyncGroup that waits for the leader's."""
    is_new: bool = True
    """Whether it has never completed a join: then its client cannot send heartbeats yet."""

    @property
    def is_static(self) -> bool:
        """Whether the member has a name of its own, which outlives its process."""
        return self.instance_id is not None

    @property
    def excused(self) -> bool:
        """Whether a missed heartbeat means nothing, because the member waits for the group itself."""
        return not self.is_new and (self.joining is not None or self.syncing is not None)

    def offers(self, protocols: Mapping[str, bytes]) -> bool:
        """Say whether these are the member's protocols, metadata and order of preference included."""
        return list(self.protocols.items()) == list(protocols.items())

    def vote(self, candidates: set[str]) -> str:
        """Return the candidate that the member prefers; it supports all of them."""
        return next(name for name in self.protocols if name in candidates)
