"""The asyncio side of groups: waiting requests, time, and what the coordinator keeps.

The room holds the groups that somebody is in. An Empty group is dropped from memory; its record (protocol
type, generation) and its offsets stay in the coordinator.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias, TypeVar

from skylog.clock import Clock, Entropy
from skylog.config import GroupsConfig
from skylog.coordinator.base import Coordinator
from skylog.errors import NotFound, SkylogError, Unavailable
from skylog.groups.classic import ClassicGroup
from skylog.groups.rebalance import GroupState
from skylog.groups.requests import (
    Answer,
    JoinAnswer,
    JoinRequest,
    Leaver,
    Save,
    SyncAnswer,
    SyncRequest,
    Ticket,
)
from skylog.model import CommittedOffset, GroupRecord, TopicDirectory
from skylog.wire.codes import ErrorCode, code_of

log = logging.getLogger("skylog.groups")

GROUP_ID_NOT_FOUND_SINCE = 9
"""The version of OffsetCommit that has a word for a group that does not exist."""


class Alarm(Protocol):
    """A call that will be made; asyncio's timer handles are such."""

    def cancel(self) -> None:
        """Do not make it."""
        ...


CallLater: TypeAlias = Callable[[float, Callable[[], None]], Alarm]
"""Call back after so many seconds; an event loop's `call_later`, or virtual time."""

Given = TypeVar("Given", JoinAnswer, SyncAnswer)


@dataclass(slots=True)
class _Seat:
    """A group in memory, and when it wants to be woken."""

    group: ClassicGroup
    alarm: Alarm | None = None
    alarm_ms: int = 0


class GroupRoom:
    """All groups of this broker. Used on one event loop; nothing but storage waits.

    Parameters
    ----------
    config
        Sizes and timeouts.
    coordinator
        Keeps offsets and records; asked 1 query when opened, 1 per completed rebalance.
    topics
        Topics by name and identity.
    clock
        Sessions and rebalances use its monotonic time.
    entropy
        Member ids come from it.
    call_later
        How to be woken; the running loop's `call_later` where none is given.
    """

    def __init__(
        self,
        config: GroupsConfig,
        coordinator: Coordinator,
        topics: TopicDirectory,
        clock: Clock,
        entropy: Entropy,
        *,
        call_later: CallLater | None = None,
    ) -> None:
        self.config = config
        self.coordinator = coordinator
        self.topics = topics
        self._clock = clock
        self._entropy = entropy
        self._call_later = call_later
        self._seats: dict[str, _Seat] = {}
        self._records: dict[str, GroupRecord] = {}
        self._waiting: dict[Ticket, asyncio.Future[JoinAnswer] | asyncio.Future[SyncAnswer]] = {}
        self._tickets = 0
        self._saving: dict[str, asyncio.Task[None]] = {}

    def __repr__(self) -> str:
        return (
            f"<GroupRoom {len(self._seats)} groups, {len(self._waiting)} waiting, {len(self._saving)} saving>"
        )

    async def open(self) -> None:
        """Learn which groups are stored: 1 query."""
        self._records = {record.group_id: record for record in await self.coordinator.list_groups()}

    async def close(self) -> None:
        """Send all who wait to another coordinator and finish what is being stored."""
        for seat in self._seats.values():
            seat.group.shut(ErrorCode.NOT_COORDINATOR)
            self._carry_out(seat.group)
            self._disarm(seat)
        self._seats.clear()
        await asyncio.gather(*self._saving.values())

    def fresh_member_id(self, prefix: str) -> str:
        """Return a member id that nobody has, in Kafka's form: client or instance id, then a UUID."""
        return f"{prefix}-{uuid.UUID(bytes=self._entropy.random_bytes(16), version=4)}"

    # Requests.

    async def join(self, group_id: str, request: JoinRequest) -> JoinAnswer:
        """Join; waits until the generation begins or the member is refused."""
        group = self._group(group_id, make=not request.member_id)
        if group is None:
            return JoinAnswer(ErrorCode.UNKNOWN_MEMBER_ID, request.member_id)
        ticket, answered = self._take_ticket(asyncio.get_running_loop().create_future())
        group.join(request, ticket, self._now_ms())
        self._settle(group)
        return await self._answer_of(ticket, answered)

    async def sync(self, group_id: str, request: SyncRequest) -> SyncAnswer:
        """Ask for an assignment; waits until the leader's is stored."""
        group = self._group(group_id)
        if group is None:
            return SyncAnswer(ErrorCode.UNKNOWN_MEMBER_ID)
        ticket, answered = self._take_ticket(asyncio.get_running_loop().create_future())
        group.sync(request, ticket)
        self._settle(group)
        return await self._answer_of(ticket, answered)

    def heartbeat(self, group_id: str, member_id: str, instance_id: str | None, generation: int) -> ErrorCode:
        """Prolong a member's session."""
        group = self._group(group_id)
        if group is None:
            return ErrorCode.UNKNOWN_MEMBER_ID
        error = group.heartbeat(member_id, instance_id, generation, self._now_ms())
        self._settle(group)
        return error

    def leave(self, group_id: str, leavers: Sequence[Leaver]) -> list[ErrorCode]:
        """Let members go; one outcome each."""
        group = self._group(group_id)
        if group is None:
            return [ErrorCode.UNKNOWN_MEMBER_ID] * len(leavers)
        outcomes = group.leave(leavers, self._now_ms())
        self._settle(group)
        return outcomes

    def check_commit(
        self, group_id: str, member_id: str, instance_id: str | None, generation: int, version: int
    ) -> ErrorCode:
        """Say whether these may commit offsets now, by the version of OffsetCommit that asks."""
        group = self._group(group_id)
        if group is None:
            return self._check_absent(group_id, generation, version)
        error = group.check_commit(member_id, instance_id, generation, self._now_ms())
        self._settle(group)
        return error

    async def commit_offsets(
        self, group_id: str, offsets: Sequence[CommittedOffset]
    ) -> list[SkylogError | None]:
        """Store offsets that `check_commit` has let pass: 1 query."""
        outcomes = await self.coordinator.commit_offsets(group_id, offsets)
        if None in outcomes and group_id not in self._records:
            self._records[group_id] = _unheard_of(group_id)
        return outcomes

    # What administrators see and do.

    def find(self, group_id: str) -> ClassicGroup | None:
        """Return a group that somebody is in or about to join."""
        seat = self._seats.get(group_id)
        return None if seat is None else seat.group

    def is_stored(self, group_id: str) -> bool:
        """Say whether the coordinator keeps a record or offsets of a group."""
        return group_id in self._records

    def present(self) -> Iterable[ClassicGroup]:
        """Return all groups that somebody is in or about to join."""
        return [seat.group for seat in self._seats.values()]

    async def delete(self, group_ids: Sequence[str]) -> dict[str, ErrorCode]:
        """Delete groups that nobody is in, with their offsets; one outcome per name, 1 query for all.

        Meanwhile they are Dead: who wants to join or to commit is told to come again.
        """
        outcomes = {group_id: self._may_delete(group_id) for group_id in group_ids}
        doomed = [group_id for group_id, outcome in outcomes.items() if outcome is ErrorCode.NONE]
        present = {group_id for group_id in doomed if group_id in self._seats}
        for group_id in doomed:
            self._bury(group_id)
        try:
            deleted = await self._delete_stored(doomed)
        finally:
            for group_id in doomed:
                del self._seats[group_id]
        for group_id, error in zip(doomed, deleted, strict=True):
            outcomes[group_id] = _deletion(error, group_id in present)
        return outcomes

    def _may_delete(self, group_id: str) -> ErrorCode:
        group = self.find(group_id)
        if group is None or group.state is GroupState.EMPTY:
            return ErrorCode.NONE
        if group.state is GroupState.DEAD:
            return ErrorCode.GROUP_ID_NOT_FOUND
        return ErrorCode.NON_EMPTY_GROUP

    def _bury(self, group_id: str) -> None:
        """Put a Dead group in the place of `group_id`."""
        group = self._group(group_id, make=True)
        assert group is not None, "made where there was none"
        group.shut(ErrorCode.COORDINATOR_NOT_AVAILABLE)
        self._settle(group)

    async def _delete_stored(self, group_ids: Sequence[str]) -> list[SkylogError | None]:
        """Remove records and offsets, after what is being stored of the same groups."""
        await asyncio.gather(*(self._saving[name] for name in group_ids if name in self._saving))
        outcomes = await self.coordinator.delete_groups(group_ids) if group_ids else []
        for group_id, outcome in zip(group_ids, outcomes, strict=True):
            if outcome is None:
                self._records.pop(group_id, None)
        return outcomes

    # Groups in memory.

    def _now_ms(self) -> int:
        return int(self._clock.monotonic() * 1000)

    def _group(self, group_id: str, *, make: bool = False) -> ClassicGroup | None:
        seat = self._seats.get(group_id)
        if seat is None and make:
            record = self._records.get(group_id) or _unheard_of(group_id)
            seat = self._seats[group_id] = _Seat(ClassicGroup(record, self.config))
        return None if seat is None else seat.group

    def _check_absent(self, group_id: str, generation: int, version: int) -> ErrorCode:
        """Judge a commit to a group without members: it is Empty, or made by who is in no generation."""
        if generation < 0:
            return ErrorCode.NONE
        if group_id in self._records:
            return ErrorCode.UNKNOWN_MEMBER_ID
        if version >= GROUP_ID_NOT_FOUND_SINCE:
            return ErrorCode.GROUP_ID_NOT_FOUND
        return ErrorCode.ILLEGAL_GENERATION

    def _settle(self, group: ClassicGroup) -> None:
        """Do what the last call wants done, and see that the next deadline is met."""
        self._carry_out(group)
        seat = self._seats[group.group_id]
        if group.idle:
            self._disarm(seat)
            del self._seats[group.group_id]
        else:
            self._arm(seat)

    def _carry_out(self, group: ClassicGroup) -> None:
        for effect in group.take_effects():
            if isinstance(effect, Answer):
                self._give(effect)
            else:
                self._begin_save(group, effect)

    # Waiting requests.

    def _take_ticket(self, future: asyncio.Future[Given]) -> tuple[Ticket, asyncio.Future[Given]]:
        self._tickets += 1
        self._waiting[self._tickets] = future
        return self._tickets, future

    async def _answer_of(self, ticket: Ticket, future: asyncio.Future[Given]) -> Given:
        try:
            return await future
        finally:
            self._waiting.pop(ticket, None)

    def _give(self, effect: Answer) -> None:
        """Hand over an answer; whoever gave up waiting is not there any more."""
        future = self._waiting.pop(effect.ticket, None)
        if future is not None and not future.done():
            future.set_result(effect.answer)  # type: ignore[arg-type]

    # Time.

    def _arm(self, seat: _Seat) -> None:
        """Be woken at the next deadline; an alarm that comes earlier is left, it just looks again."""
        next_ms = seat.group.next_deadline_ms()
        if seat.alarm is not None and (next_ms is None or seat.alarm_ms > next_ms):
            self._disarm(seat)
        if next_ms is not None and seat.alarm is None:
            call_later = self._call_later or asyncio.get_running_loop().call_later
            seconds = max(next_ms / 1000 - self._clock.monotonic(), 0)
            seat.alarm_ms = next_ms
            seat.alarm = call_later(seconds, lambda: self._wake(seat))

    def _disarm(self, seat: _Seat) -> None:
        if seat.alarm is not None:
            seat.alarm.cancel()
            seat.alarm = None

    def _wake(self, seat: _Seat) -> None:
        seat.alarm = None
        seat.group.expire(self._now_ms())
        self._settle(seat.group)

    # Storage.

    def _begin_save(self, group: ClassicGroup, save: Save) -> None:
        """Store a record after those of the same group that are under way."""
        self._records[group.group_id] = save.record
        task = asyncio.create_task(self._save(group, save, self._saving.get(group.group_id)))
        self._saving[group.group_id] = task
        task.add_done_callback(lambda _: self._end_save(group.group_id, task))

    async def _save(self, group: ClassicGroup, save: Save, before: asyncio.Task[None] | None) -> None:
        if before is not None:
            await before
        error = await self._try_save(save.record)
        if self.find(group.group_id) is group:
            group.saved(save, error, self._now_ms())
            self._settle(group)

    async def _try_save(self, record: GroupRecord) -> ErrorCode:
        try:
            await self.coordinator.save_group(record)
        except SkylogError as error:
            log.warning("group %r: its record is not stored: %s", record.group_id, error)
            return ErrorCode.COORDINATOR_NOT_AVAILABLE
        except Exception:
            log.exception("group %r: its record is not stored", record.group_id)
            return ErrorCode.UNKNOWN_SERVER_ERROR
        return ErrorCode.NONE

    def _end_save(self, group_id: str, task: asyncio.Task[None]) -> None:
        if self._saving.get(group_id) is task:
            del self._saving[group_id]


def _unheard_of(group_id: str) -> GroupRecord:
    return GroupRecord(group_id, protocol_type="", generation=0)


def _deletion(error: SkylogError | None, was_present: bool) -> ErrorCode:
    """Return the outcome of a deletion; a group that only lived in memory is gone as well."""
    if error is None or (isinstance(error, NotFound) and was_present):
        return ErrorCode.NONE
    return ErrorCode.GROUP_ID_NOT_FOUND if isinstance(error, NotFound) else group_code_of(error)


def group_code_of(error: SkylogError) -> ErrorCode:
    """Return the code of a coordinator's failure as clients of groups understand it.

    They know no REQUEST_TIMED_OUT; COORDINATOR_NOT_AVAILABLE lets them look for the coordinator and try
    again.
    """
    return ErrorCode.COORDINATOR_NOT_AVAILABLE if isinstance(error, Unavailable) else code_of(error)
