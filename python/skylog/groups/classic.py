"""The classic consumer group: JoinGroup, SyncGroup, Heartbeat, LeaveGroup and who may commit offsets.

Kafka's classic protocol as its present coordinator speaks it (KIP-62 rebalance timeouts, KIP-134 initial
delay, KIP-345 static members, KIP-394 member ids before joining, KIP-814 skipped assignments). Memberships
live in memory only: after a restart members are unknown, join anew and get a later generation.
"""

from __future__ import annotations

from collections.abc import Sequence

from skylog.groups.member import Member
from skylog.groups.rebalance import NEW_MEMBER_JOIN_MS_MAX, GroupState, Rebalance
from skylog.groups.requests import (
    NO_MEMBER_ID,
    JoinAnswer,
    JoinRequest,
    Leaver,
    Save,
    SyncAnswer,
    SyncRequest,
    Ticket,
)
from skylog.wire.codes import ErrorCode


class ClassicGroup(Rebalance):
    """One group. Every method returns at once; answers that take longer come as effects.

    A ticket handed to `join` or `sync` is answered by exactly one `Answer`, at the latest by `shut`.
    """

    def join(self, request: JoinRequest, ticket: Ticket, now_ms: int) -> None:
        """Take in a member or let it rejoin; answered when the generation begins."""
        if self.state is GroupState.DEAD:
            self._refuse(ticket, ErrorCode.COORDINATOR_NOT_AVAILABLE, request.member_id)
        elif not self._has_place_for(request):
            self._turn_away(request.member_id, now_ms)
            self._refuse(ticket, ErrorCode.GROUP_MAX_SIZE_REACHED)
        elif not self._speaks(request):
            self._refuse(ticket, ErrorCode.INCONSISTENT_GROUP_PROTOCOL, request.member_id)
        elif request.member_id == NO_MEMBER_ID:
            self._join_new(request, ticket, now_ms)
        elif request.member_id in self.roster.pending:
            self._join_pending(request, ticket, now_ms)
        else:
            self._rejoin(request, ticket, now_ms)

    def sync(self, request: SyncRequest, ticket: Ticket) -> None:
        """Ask for a member's assignment; the leader's request brings all of them and has them stored."""
        error = self._check_sync(request)
        if error is not ErrorCode.NONE:
            self._answer(ticket, SyncAnswer(error))
            return
        member = self.roster.members[request.member_id]
        self._synced(member)
        if self.state is GroupState.STABLE:
            self._answer(ticket, self._assigned(member))
            return
        self._answer_sync(member, SyncAnswer(ErrorCode.REBALANCE_IN_PROGRESS))
        member.syncing = ticket
        if self.roster.leader == member.member_id:
            self._effects.append(Save(self.record, self._complete_assignments(request)))

    def heartbeat(self, member_id: str, instance_id: str | None, generation: int, now_ms: int) -> ErrorCode:
        """Prolong a member's session, and tell it when it has to rejoin."""
        error = self._check_generation(member_id, instance_id, generation)
        if error is not ErrorCode.NONE:
            return error
        member = self.roster.members[member_id]
        self._expect(member, member.session_timeout_ms, now_ms)
        if self.state is GroupState.PREPARING:
            return ErrorCode.REBALANCE_IN_PROGRESS
        return ErrorCode.NONE

    def leave(self, leavers: Sequence[Leaver], now_ms: int) -> list[ErrorCode]:
        """Let members go, one outcome each; those who stay rebalance once."""
        if self.state is GroupState.DEAD:
            return [ErrorCode.COORDINATOR_NOT_AVAILABLE] * len(leavers)
        outcomes = [self._leave(leaver) for leaver in leavers]
        if ErrorCode.NONE in outcomes and self.state is not GroupState.EMPTY:
            left = [
                f"{leaver.member_id or leaver.instance_id!r} left: {leaver.reason}"
                for leaver, outcome in zip(leavers, outcomes, strict=True)
                if outcome is ErrorCode.NONE
            ]
            self._rebalance("; ".join(left), now_ms)
        return outcomes

    def check_commit(
        self, member_id: str, instance_id: str | None, generation: int, now_ms: int
    ) -> ErrorCode:
        """Say whether these may commit offsets now; to a member it also counts as a heartbeat.

        Whoever takes part in no generation (administrators, consumers with assigned partitions) may as
        long as nobody is in the group.
        """
        if self.state is GroupState.DEAD:
            return ErrorCode.COORDINATOR_NOT_AVAILABLE
        if generation < 0 and self.state is GroupState.EMPTY:
            return ErrorCode.NONE
        if generation < 0 and member_id == NO_MEMBER_ID and instance_id is None:
            return ErrorCode.UNKNOWN_MEMBER_ID
        error = self._check_generation(member_id, instance_id, generation)
        if error is not ErrorCode.NONE:
            return error
        if self.state is GroupState.COMPLETING:
            return ErrorCode.REBALANCE_IN_PROGRESS
        member = self.roster.members[member_id]
        self._expect(member, member.session_timeout_ms, now_ms)
        return ErrorCode.NONE

    # Joining.

    def _has_place_for(self, request: JoinRequest) -> bool:
        """Say whether the group's size allows this join.

        While members rejoin, only those who wait already are counted: new ones may take the places of those
        that do not come, and the last to come are turned away where the limit was lowered. Static members
        keep their places in absence, so a group may grow to twice its size; Kafka's has no such end.
        """
        size_max = self._rules.max_size
        member = self.roster.members.get(request.member_id)
        if self.state is GroupState.EMPTY or (member is not None and member.joining is not None):
            return True
        if self.state is GroupState.PREPARING:
            known = member is not None or len(self.roster) < 2 * size_max
            return known and self.roster.joining < size_max
        return member is not None or len(self.roster) < size_max

    def _turn_away(self, member_id: str, now_ms: int) -> None:
        member = self.roster.members.get(member_id)
        if member is not None:
            self._remove(member)
        elif member_id in self.roster.pending:
            self._forget_pending(member_id)
        self._complete_if_all_joined(now_ms)

    def _speaks(self, request: JoinRequest) -> bool:
        if self.state is GroupState.EMPTY:
            return bool(request.protocol_type and request.protocols)
        return request.protocol_type == self.protocol_type and self.roster.supports(request.protocols)

    def _join_new(self, request: JoinRequest, ticket: Ticket, now_ms: int) -> None:
        bearer = None if request.instance_id is None else self.roster.instance(request.instance_id)
        if bearer is not None:
            self._replace(bearer, request, ticket, now_ms)
        elif request.instance_id is None and request.learns_id_first:
            self._give_id(request, ticket, now_ms)
        else:
            self._add(request.fresh_member_id, request, ticket, now_ms)

    def _give_id(self, request: JoinRequest, ticket: Ticket, now_ms: int) -> None:
        if len(self.roster.pending) >= self._rules.max_size:
            # Kafka gives out ids without end; here who never comes back must not fill the memory.
            self._refuse(ticket, ErrorCode.GROUP_MAX_SIZE_REACHED)
            return
        self.roster.pending.add(request.fresh_member_id)
        self._deadlines.set((request.fresh_member_id,), now_ms + request.session_timeout_ms)
        self._refuse(ticket, ErrorCode.MEMBER_ID_REQUIRED, request.fresh_member_id)

    def _join_pending(self, request: JoinRequest, ticket: Ticket, now_ms: int) -> None:
        if request.instance_id is not None:
            # Ids are only given out beforehand to dynamic members: no client does this.
            self._refuse(ticket, ErrorCode.UNKNOWN_SERVER_ERROR, request.member_id)
            return
        self._add(request.member_id, request, ticket, now_ms)

    def _add(self, member_id: str, request: JoinRequest, ticket: Ticket, now_ms: int) -> None:
        if not self.roster.members:
            self.protocol_type = request.protocol_type
        self._grew = True
        member = Member(
            member_id,
            request.instance_id,
            request.client_id,
            request.client_host,
            request.session_timeout_ms,
            request.rebalance_timeout_ms,
            request.protocols,
        )
        self.roster.add(member)
        self.roster.await_join(member, ticket)
        self._expect(member, NEW_MEMBER_JOIN_MS_MAX, now_ms)
        self._rebalance(f"{member_id!r} joins: {request.reason}", now_ms)

    def _rejoin(self, request: JoinRequest, ticket: Ticket, now_ms: int) -> None:
        error = self.roster.check(request.member_id, request.instance_id)
        if error is not ErrorCode.NONE:
            self._refuse(ticket, error, request.member_id)
            return
        member = self.roster.members[request.member_id]
        # A leader that rejoins a stable group wants new assignments, for instance because of new partitions.
        wants_more = self.state is GroupState.STABLE and self.roster.leader == member.member_id
        if self.state is GroupState.PREPARING or wants_more or not member.offers(request.protocols):
            self._update(member, request, ticket)
            self._rebalance(f"{member.member_id!r} rejoins: {request.reason}", now_ms)
        else:
            # It missed the first answer, or came late without news: the generation goes on.
            self._answer(ticket, self._present(member))

    def _replace(self, member: Member, request: JoinRequest, ticket: Ticket, now_ms: int) -> None:
        """Let the new process of a static member take the place of the one before, which is fenced."""
        old_id, old_leader = member.member_id, self.roster.leader
        self._answer_join(member, JoinAnswer(ErrorCode.FENCED_INSTANCE_ID, old_id))
        self._answer_sync(member, SyncAnswer(ErrorCode.FENCED_INSTANCE_ID))
        self._deadlines.cancel((old_id,))
        self.roster.rename(member, request.fresh_member_id)
        member.is_new = False
        votes_alike = list(member.protocols) == list(request.protocols)
        self._update(member, request, ticket)
        self._expect(member, member.session_timeout_ms, now_ms)
        # Its vote is counted anew only if it may be another one: that asks every member.
        if self.state is GroupState.STABLE and (
            votes_alike or self.roster.select_protocol() == self.protocol_name
        ):
            self._answer_join(member, self._resume(member, request, old_leader))
        else:
            # Within a rebalance the leader may have seen the old id already, so it has to begin anew.
            self._rebalance(f"static member {member.instance_id!r} is back: {request.reason}", now_ms)

    def _resume(self, member: Member, request: JoinRequest, old_leader: str | None) -> JoinAnswer:
        """Return the answer that lets a static member go on in a stable group without a rebalance.

        A leader must not assign anew. From v9 on it is told so; before, it is told that its former self
        leads, so that it takes itself for a follower.
        """
        present = self._present(member)
        leads = bool(present.members)
        return JoinAnswer(
            present.error,
            present.member_id,
            present.generation,
            present.protocol_type,
            present.protocol_name,
            present.leader if request.skips_assignment else old_leader or NO_MEMBER_ID,
            skip_assignment=leads and request.skips_assignment,
            members=present.members if request.skips_assignment else (),
        )

    def _update(self, member: Member, request: JoinRequest, ticket: Ticket) -> None:
        self.roster.replace_protocols(member, request.protocols)
        member.rebalance_timeout_ms = request.rebalance_timeout_ms
        member.session_timeout_ms = request.session_timeout_ms
        superseded = self.roster.await_join(member, ticket)
        if superseded is not None:
            # The client asked again, mostly on a new connection; nobody reads the first answer.
            self._refuse(superseded, ErrorCode.REBALANCE_IN_PROGRESS, member.member_id)

    def _refuse(self, ticket: Ticket, error: ErrorCode, member_id: str = NO_MEMBER_ID) -> None:
        self._answer(ticket, JoinAnswer(error, member_id))

    # Syncing, leaving, checking.

    def _check_sync(self, request: SyncRequest) -> ErrorCode:
        error = self._check_generation(request.member_id, request.instance_id, request.generation)
        if error is not ErrorCode.NONE:
            return error
        if request.protocol_type not in (None, self.protocol_type):
            return ErrorCode.INCONSISTENT_GROUP_PROTOCOL
        # While members rejoin the name is that of the generation before.
        if self.protocol_name is not None and request.protocol_name not in (None, self.protocol_name):
            return ErrorCode.INCONSISTENT_GROUP_PROTOCOL
        if self.state is GroupState.PREPARING:
            return ErrorCode.REBALANCE_IN_PROGRESS
        return ErrorCode.NONE

    def _complete_assignments(self, request: SyncRequest) -> dict[str, bytes]:
        """Return an assignment for every member: an empty one for those whom the leader left out."""
        return {name: request.assignments.get(name, b"") for name in self.roster.members}

    def _leave(self, leaver: Leaver) -> ErrorCode:
        if leaver.member_id == NO_MEMBER_ID:
            member = None if leaver.instance_id is None else self.roster.instance(leaver.instance_id)
            if member is None:
                return ErrorCode.UNKNOWN_MEMBER_ID
            self._remove(member)
            return ErrorCode.NONE
        if leaver.member_id in self.roster.pending:
            self._forget_pending(leaver.member_id)
            return ErrorCode.NONE
        error = self.roster.check(leaver.member_id, leaver.instance_id)
        if error is ErrorCode.NONE:
            self._remove(self.roster.members[leaver.member_id])
        return error

    def _forget_pending(self, member_id: str) -> None:
        self.roster.pending.discard(member_id)
        self._deadlines.cancel((member_id,))

    def _check_generation(self, member_id: str, instance_id: str | None, generation: int) -> ErrorCode:
        if self.state is GroupState.DEAD:
            return ErrorCode.COORDINATOR_NOT_AVAILABLE
        error = self.roster.check(member_id, instance_id)
        if error is ErrorCode.NONE and generation != self.generation:
            return ErrorCode.ILLEGAL_GENERATION
        return error
