"""How a classic group gets from one generation to the next.

    Empty ── first join ──▶ PreparingRebalance ── all joined, or time is up ──▶ CompletingRebalance
      ▲                        ▲   │ nobody is left          │ leader's assignment is stored
      └────────────────────────┼───┘                         ▼
                               └── join, leave, expiry ──  Stable

Pure: time is handed in as milliseconds of a clock that never goes back, what is to be done is handed out as
effects, and whoever drives it looks at `next_deadline_ms` after each call.
"""

from __future__ import annotations

import logging
from enum import StrEnum

from skylog.config import GroupsConfig
from skylog.groups.deadlines import Deadlines
from skylog.groups.member import Member
from skylog.groups.requests import (
    NO_MEMBER_ID,
    Answer,
    Effect,
    JoinAnswer,
    Save,
    SyncAnswer,
    Ticket,
)
from skylog.groups.roster import Roster
from skylog.model import GroupRecord
from skylog.wire.codes import ErrorCode

log = logging.getLogger("skylog.groups")

NEW_MEMBER_JOIN_MS_MAX = 300_000
"""How long a member may wait in its first join; its client cannot heartbeat before that is answered."""


POSTPONED_MS_MIN = 1_000
"""How long a rebalance that nobody came to waits at least; members may have set their timeouts to nothing."""


class GroupState(StrEnum):
    """The states of a classic group, by their names on the wire."""

    EMPTY = "Empty"
    PREPARING = "PreparingRebalance"
    COMPLETING = "CompletingRebalance"
    STABLE = "Stable"
    DEAD = "Dead"


class _Phase(StrEnum):
    """Deadlines of the whole group; those of members go by member id, as tuples."""

    JOIN = "join"
    SYNC = "sync"


_Due = _Phase | tuple[str]


class Rebalance:
    """The states and timers of one group. `ClassicGroup` adds the requests."""

    def __init__(self, record: GroupRecord, rules: GroupsConfig) -> None:
        self.group_id = record.group_id
        self.generation = record.generation
        self.protocol_type = record.protocol_type
        self.protocol_name: str | None = None
        self.state = GroupState.EMPTY
        self.roster = Roster()
        self.subscriptions: tuple[bytes, ...] | None = None
        """What the members of the last generation sent with its protocol; None before the first."""
        self._rules = rules
        self._deadlines: Deadlines[_Due] = Deadlines()
        self._effects: list[Effect] = []
        self._gathering = False
        """Whether this is the first rebalance after Empty, which gives others time to come."""
        self._grew = False
        self._delay_ms = 0
        self._delay_left_ms = 0

    def __repr__(self) -> str:
        return (
            f"<{type(self).__name__} {self.group_id!r} {self.state} generation {self.generation}, "
            f"{len(self.roster)} members, {self.roster.joining} joining, {len(self.roster.pending)} pending>"
        )

    @property
    def record(self) -> GroupRecord:
        """What is to be stored of the group."""
        return GroupRecord(self.group_id, self.protocol_type, self.generation)

    @property
    def idle(self) -> bool:
        """Whether all that matters of the group is in its record."""
        return self.state is GroupState.EMPTY and not self.roster.pending

    def next_deadline_ms(self) -> int | None:
        """Return when `expire` is to be called next."""
        return self._deadlines.next_ms()

    def take_effects(self) -> list[Effect]:
        """Return what is to be done since the last call, in order."""
        effects, self._effects = self._effects, []
        return effects

    def expire(self, now_ms: int) -> None:
        """Let everything happen whose time has come."""
        while (due := self._deadlines.pop_due(now_ms)) is not None:
            if due is _Phase.JOIN:
                self._end_of_join(now_ms)
            elif due is _Phase.SYNC:
                self._end_of_sync(now_ms)
            elif isinstance(due, tuple):
                self._silent(due[0], now_ms)

    def saved(self, save: Save, error: ErrorCode, now_ms: int) -> None:
        """Learn the outcome of a `Save`: the members that wait get their assignments, or the error."""
        current = self.state is GroupState.COMPLETING and save.record.generation == self.generation
        if save.assignments is None or not current:
            return
        if error is not ErrorCode.NONE:
            self._end_syncs(error, now_ms)
            self._rebalance(f"the assignment could not be stored: {error.name}", now_ms)
            return
        for member in self.roster.members.values():
            member.assignment = save.assignments.get(member.member_id, b"")
        self._end_syncs(ErrorCode.NONE, now_ms)
        self._move(GroupState.STABLE)

    def shut(self, error: ErrorCode) -> None:
        """Answer all who wait with `error`; the group is Dead and is not to be used again."""
        for member in self.roster.members.values():
            self._answer_join(member, JoinAnswer(error, member.member_id))
            self._answer_sync(member, SyncAnswer(error))
        self._deadlines.clear()
        self._move(GroupState.DEAD)

    # Beginning and end of the joining.

    def _rebalance(self, reason: str, now_ms: int) -> None:
        """Begin a rebalance, or see whether the one under way can go on."""
        if self.state is GroupState.PREPARING:
            self._complete_if_all_joined(now_ms)
        else:
            self._prepare(reason, now_ms)

    def _prepare(self, reason: str, now_ms: int) -> None:
        log.info("group %r generation %d rebalances: %s", self.group_id, self.generation, reason)
        if self.state is GroupState.COMPLETING:
            self._end_syncs(ErrorCode.REBALANCE_IN_PROGRESS, now_ms)
        self.roster.unsynced.clear()
        self._deadlines.cancel(_Phase.SYNC)
        first = self.state is GroupState.EMPTY
        self._move(GroupState.PREPARING)
        if first:
            self._gather(now_ms)
        elif self.roster.all_joined:
            self._complete_join(now_ms)
        else:
            self._deadlines.set(_Phase.JOIN, now_ms + self.roster.rebalance_timeout_ms)

    def _gather(self, now_ms: int) -> None:
        """Wait for others to come before the first generation: as long as they do, within the timeout."""
        self._gathering, self._grew = True, False
        self._delay_ms = self._rules.initial_rebalance_delay_ms
        self._delay_left_ms = max(self.roster.rebalance_timeout_ms - self._delay_ms, 0)
        self._deadlines.set(_Phase.JOIN, now_ms + self._delay_ms)

    def _end_of_join(self, now_ms: int) -> None:
        if not (self._gathering and self._grew and self._delay_left_ms):
            self._complete_join(now_ms)
            return
        self._grew = False
        delay_ms = min(self._rules.initial_rebalance_delay_ms, self._delay_left_ms)
        self._delay_left_ms = max(self._delay_left_ms - self._delay_ms, 0)
        self._delay_ms = delay_ms
        self._deadlines.set(_Phase.JOIN, now_ms + delay_ms)

    def _complete_if_all_joined(self, now_ms: int) -> None:
        if self.state is GroupState.PREPARING and not self._gathering and self.roster.all_joined:
            self._complete_join(now_ms)

    def _complete_join(self, now_ms: int) -> None:
        """Begin the next generation with those who joined, and with the static ones that did not."""
        self._deadlines.cancel(_Phase.JOIN)
        self._drop_absent()
        if self.roster.members and not self.roster.elect_joined():
            # Only static members are left and none came: they have until their sessions end.
            wait_ms = max(self.roster.rebalance_timeout_ms, POSTPONED_MS_MIN)
            self._deadlines.set(_Phase.JOIN, now_ms + wait_ms)
            return
        self.generation += 1
        self._gathering = False
        self.roster.unsynced.clear()
        if self.roster.members:
            self._begin_generation(now_ms)
        else:
            self._become_empty()

    def _drop_absent(self) -> None:
        absent = [m for m in self.roster.members.values() if m.joining is None and not m.is_static]
        for member in absent:
            self._remove(member)
        if absent:
            names = [member.member_id for member in absent]
            log.info("group %r goes on without %r, which did not rejoin", self.group_id, names)

    def _become_empty(self) -> None:
        self.protocol_name = None
        self.subscriptions = ()
        self._move(GroupState.EMPTY)
        self._effects.append(Save(self.record))
        log.info("group %r is empty in generation %d", self.group_id, self.generation)

    def _begin_generation(self, now_ms: int) -> None:
        self.protocol_name = name = self.roster.select_protocol()
        self.subscriptions = tuple(member.protocols[name] for member in self.roster.members.values())
        self._move(GroupState.COMPLETING)
        for member in self.roster.members.values():
            self._answer_join(member, self._present(member))
            self._expect(member, member.session_timeout_ms, now_ms)
            member.is_new = False
            self.roster.unsynced.add(member.member_id)
        self._deadlines.set(_Phase.SYNC, now_ms + self.roster.rebalance_timeout_ms)
        log.info(
            "group %r begins generation %d: %d members, %s by %r",
            self.group_id,
            self.generation,
            len(self.roster),
            self.protocol_name,
            self.roster.leader,
        )

    def _present(self, member: Member) -> JoinAnswer:
        """Return the present generation as `member` is to see it: only the leader sees the others."""
        assert self.protocol_name is not None, "only asked for within a generation"
        leads = self.roster.leader == member.member_id
        return JoinAnswer(
            ErrorCode.NONE,
            member.member_id,
            self.generation,
            self.protocol_type,
            self.protocol_name,
            self.roster.leader or NO_MEMBER_ID,
            members=self.roster.listing(self.protocol_name) if leads else (),
        )

    # The end of the syncing.

    def _synced(self, member: Member) -> None:
        self.roster.unsynced.discard(member.member_id)
        if not self.roster.unsynced:
            self._deadlines.cancel(_Phase.SYNC)

    def _end_of_sync(self, now_ms: int) -> None:
        """Go on without those who never asked for their assignment."""
        absent = [self.roster.members[name] for name in sorted(self.roster.unsynced)]
        if not absent:
            return
        for member in absent:
            self._remove(member)
        self._prepare(f"{[member.member_id for member in absent]} did not sync", now_ms)

    def _end_syncs(self, error: ErrorCode, now_ms: int) -> None:
        """Answer every waiting SyncGroup, and let sessions begin anew, as expiry was ignored meanwhile."""
        for member in self.roster.members.values():
            if error is not ErrorCode.NONE:
                member.assignment = b""
            if self._answer_sync(member, self._assigned(member, error)):
                self._expect(member, member.session_timeout_ms, now_ms)

    def _assigned(self, member: Member, error: ErrorCode = ErrorCode.NONE) -> SyncAnswer:
        if error is not ErrorCode.NONE:
            return SyncAnswer(error)
        return SyncAnswer(error, self.protocol_type, self.protocol_name, member.assignment)

    # Members.

    def _expect(self, member: Member, within_ms: int, now_ms: int) -> None:
        """Set the deadline of a member's next sign of life."""
        self._deadlines.set((member.member_id,), now_ms + within_ms)

    def _silent(self, member_id: str, now_ms: int) -> None:
        """Act on a session that ended, unless the member waits for the group itself."""
        if member_id in self.roster.pending:
            log.info("group %r: %r never joined with its new id", self.group_id, member_id)
            self.roster.pending.discard(member_id)
            self._complete_if_all_joined(now_ms)
            return
        member = self.roster.members.get(member_id)
        if member is None or member.excused:
            return
        self._remove(member)
        reason = f"the session of {member_id!r} ended after {member.session_timeout_ms} ms"
        self._after_loss(reason, now_ms)

    def _after_loss(self, reason: str, now_ms: int) -> None:
        if self.state in (GroupState.STABLE, GroupState.COMPLETING):
            self._prepare(reason, now_ms)
        else:
            log.info("group %r: %s", self.group_id, reason)
            self._complete_if_all_joined(now_ms)

    def _remove(self, member: Member, error: ErrorCode = ErrorCode.UNKNOWN_MEMBER_ID) -> None:
        """Take a member out; what it waits for is answered, so that its client starts anew."""
        self._answer_join(member, JoinAnswer(error, NO_MEMBER_ID))
        self._answer_sync(member, SyncAnswer(error))
        self._deadlines.cancel((member.member_id,))
        self.roster.remove(member)

    def _answer_join(self, member: Member, answer: JoinAnswer) -> None:
        ticket = self.roster.end_join(member)
        if ticket is not None:
            self._answer(ticket, answer)

    def _answer_sync(self, member: Member, answer: SyncAnswer) -> bool:
        ticket, member.syncing = member.syncing, None
        if ticket is not None:
            self._answer(ticket, answer)
        return ticket is not None

    def _answer(self, ticket: Ticket, answer: JoinAnswer | SyncAnswer) -> None:
        self._effects.append(Answer(ticket, answer))

    def _move(self, state: GroupState) -> None:
        allowed = _BEFORE[state]
        assert self.state in allowed, f"group {self.group_id!r}: {self.state} to {state}"
        self.state = state


_BEFORE = {
    GroupState.EMPTY: {GroupState.PREPARING},
    GroupState.PREPARING: {GroupState.EMPTY, GroupState.COMPLETING, GroupState.STABLE},
    GroupState.COMPLETING: {GroupState.PREPARING},
    GroupState.STABLE: {GroupState.COMPLETING},
    GroupState.DEAD: set(GroupState),
}
