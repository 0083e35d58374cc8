"""What goes into a group's state machine and what comes out of it, free of wire versions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from skylog.model import GroupRecord
from skylog.wire.codes import ErrorCode

Ticket: TypeAlias = int
"""The name of one waiting request; whoever hands it in finds it again in an `Answer`."""

NO_MEMBER_ID = ""
"""What a client sends that has no member id yet."""

NO_GENERATION = -1
"""What a client sends that takes part in no generation."""


@dataclass(frozen=True, slots=True)
class JoinRequest:
    """A JoinGroup request."""

    member_id: str
    instance_id: str | None
    fresh_member_id: str
    """The id that the member gets if it has none."""
    client_id: str
    client_host: str
    session_timeout_ms: int
    rebalance_timeout_ms: int
    protocol_type: str
    protocols: Mapping[str, bytes]
    """Name → metadata, the preferred one first."""
    learns_id_first: bool = True
    """Whether a dynamic member without an id is sent back with one (v4 and later)."""
    skips_assignment: bool = True
    """Whether a leader can be told to leave the assignment as it is (v9 and later)."""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class JoinedMember:
    """A member as the leader sees it."""

    member_id: str
    instance_id: str | None
    metadata: bytes


@dataclass(frozen=True, slots=True)
class JoinAnswer:
    """The answer to a `JoinRequest`."""

    error: ErrorCode
    member_id: str
    generation: int = NO_GENERATION
    protocol_type: str | None = None
    protocol_name: str | None = None
    leader: str = NO_MEMBER_ID
    skip_assignment: bool = False
    members: tuple[JoinedMember, ...] = ()


@dataclass(frozen=True, slots=True)
class SyncRequest:
    """A SyncGroup request; only the leader's has assignments."""

    member_id: str
    instance_id: str | None
    generation: int
    protocol_type: str | None
    protocol_name: str | None
    assignments: Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class SyncAnswer:
    """The answer to a `SyncRequest`."""

    error: ErrorCode
    protocol_type: str | None = None
    protocol_name: str | None = None
    assignment: bytes = b""


@dataclass(frozen=True, slots=True)
class Leaver:
    """Who shall leave: a member by its id, or, as administrators do it, a static one by its instance id."""

    member_id: str
    instance_id: str | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """An effect: give this to the request that waits under `ticket`."""

    ticket: Ticket
    answer: JoinAnswer | SyncAnswer


@dataclass(frozen=True, slots=True)
class Save:
    """An effect: store `record`, then tell the group by `ClassicGroup.saved`.

    With `assignments` the members of that generation wait for it; without, the group is empty and nobody
    waits.
    """

    record: GroupRecord
    assignments: Mapping[str, bytes] | None = None


Effect: TypeAlias = Answer | Save
