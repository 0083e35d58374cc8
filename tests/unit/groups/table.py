"""A group with a virtual clock: drives the state machine as the room does, in one line per request."""

from __future__ import annotations

from dataclasses import replace

from skylog.config import GroupsConfig
from skylog.groups.classic import ClassicGroup
from skylog.groups.requests import (
    Answer,
    JoinAnswer,
    JoinRequest,
    Leaver,
    Save,
    SyncAnswer,
    SyncRequest,
)
from skylog.model import GroupRecord
from skylog.wire.codes import ErrorCode

RANGE = {"range": b"range of topics"}
SESSION_MS = 10_000
REBALANCE_MS = 60_000


class Table:
    """One group, its clock, and all answers that it gave."""

    def __init__(self, rules: GroupsConfig | None = None, generation: int = 0) -> None:
        self.rules = rules or GroupsConfig(initial_rebalance_delay_ms=0)
        self.group = ClassicGroup(GroupRecord("g", "", generation), self.rules)
        self.now_ms = 1_000
        self.answers: dict[int, JoinAnswer | SyncAnswer] = {}
        self.saves: list[Save] = []
        self.stores = True
        """Whether what is to be saved is saved at once."""
        self._tickets = 0
        self._ids = 0

    def join(self, member_id: str = "", instance_id: str | None = None, **changes: object) -> int:
        """Send a JoinGroup and return its ticket."""
        self._ids += 1
        request = JoinRequest(
            member_id=member_id,
            instance_id=instance_id,
            fresh_member_id=f"{instance_id or 'm'}-{self._ids}",
            client_id="client",
            client_host="127.0.0.1",
            session_timeout_ms=SESSION_MS,
            rebalance_timeout_ms=REBALANCE_MS,
            protocol_type="consumer",
            protocols=RANGE,
        )
        ticket = self._ticket()
        self.group.join(replace(request, **changes), ticket, self.now_ms)  # type: ignore[arg-type]
        self.settle()
        return ticket

    def sync(self, joined: JoinAnswer, assignments: dict[str, bytes] | None = None, **changes: object) -> int:
        """Send the SyncGroup that follows `joined` and return its ticket."""
        request = SyncRequest(
            joined.member_id,
            None,
            joined.generation,
            joined.protocol_type,
            joined.protocol_name,
            assignments or {},
        )
        ticket = self._ticket()
        self.group.sync(replace(request, **changes), ticket)  # type: ignore[arg-type]
        self.settle()
        return ticket

    def heartbeat(self, joined: JoinAnswer, instance_id: str | None = None) -> ErrorCode:
        error = self.group.heartbeat(joined.member_id, instance_id, joined.generation, self.now_ms)
        self.settle()
        return error

    def leave(self, *leavers: Leaver) -> list[ErrorCode]:
        outcomes = self.group.leave(leavers, self.now_ms)
        self.settle()
        return outcomes

    def commit(self, member_id: str, generation: int, instance_id: str | None = None) -> ErrorCode:
        error = self.group.check_commit(member_id, instance_id, generation, self.now_ms)
        self.settle()
        return error

    def advance(self, milliseconds: int) -> None:
        """Let time pass, waking the group at each of its deadlines."""
        until_ms = self.now_ms + milliseconds
        while (next_ms := self.group.next_deadline_ms()) is not None and next_ms <= until_ms:
            self.now_ms = max(self.now_ms, next_ms)
            self.group.expire(self.now_ms)
            self.settle()
        self.now_ms = until_ms

    def settle(self) -> None:
        """Take what the group gives out; each ticket may be answered once."""
        for effect in self.group.take_effects():
            if isinstance(effect, Answer):
                assert effect.ticket not in self.answers, "answered twice"
                self.answers[effect.ticket] = effect.answer
            else:
                self.saves.append(effect)
                if self.stores:
                    self.store(effect)

    def store(self, save: Save, error: ErrorCode = ErrorCode.NONE) -> None:
        self.group.saved(save, error, self.now_ms)
        self.settle()

    def joined(self, ticket: int) -> JoinAnswer:
        answer = self.answers[ticket]
        assert isinstance(answer, JoinAnswer)
        return answer

    def synced(self, ticket: int) -> SyncAnswer:
        answer = self.answers[ticket]
        assert isinstance(answer, SyncAnswer)
        return answer

    def error(self, ticket: int) -> ErrorCode:
        return self.answers[ticket].error

    def member(self, **changes: object) -> str:
        """Fetch a member id as clients of version 4 and later do."""
        refused = self.joined(self.join(**changes))  # type: ignore[arg-type]
        assert refused.error is ErrorCode.MEMBER_ID_REQUIRED
        return refused.member_id

    def stable(self, count: int = 1, **changes: object) -> list[JoinAnswer]:
        """Bring `count` dynamic members into a stable generation; the first leads."""
        members = [self.member(**changes) for _ in range(count)]
        tickets = [self.join(member, **changes) for member in members]  # type: ignore[arg-type]
        self.advance(self.rules.initial_rebalance_delay_ms)
        return self.complete([self.joined(ticket) for ticket in tickets])

    def complete(self, joined: list[JoinAnswer]) -> list[JoinAnswer]:
        """Let all sync, the leader with an assignment for each."""
        assignments = {each.member_id: f"for {each.member_id}".encode() for each in joined}
        for each in joined:
            self.sync(each, assignments if each.leader == each.member_id else {})
        return joined

    def _ticket(self) -> int:
        self._tickets += 1
        return self._tickets
