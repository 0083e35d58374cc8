"""Whatever clients do, in whatever order: what must always hold of a group."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from skylog.config import GroupsConfig
from skylog.groups.rebalance import GroupState, _Phase
from skylog.groups.requests import JoinAnswer, Leaver
from skylog.wire.codes import ErrorCode

from .table import REBALANCE_MS, SESSION_MS, Table

SIZE_MAX = 3
OFFERS = [{"range": b"r"}, {"range": b"r", "sticky": b"s"}, {"sticky": b"s", "range": b"r2"}]
EVICTS = {ErrorCode.UNKNOWN_MEMBER_ID, ErrorCode.FENCED_INSTANCE_ID, ErrorCode.GROUP_MAX_SIZE_REACHED}
STEP_MS = [0, 1, 1_000, 3_000, SESSION_MS - 1, SESSION_MS, REBALANCE_MS, 10 * REBALANCE_MS]


@dataclass
class Client:
    """A client as it sees itself."""

    instance_id: str | None
    member_id: str = ""
    joined: JoinAnswer | None = None
    seen_ms: int = 0


@dataclass
class Sent:
    """A request that waits for its answer."""

    client: Client
    joins: bool
    generation: int = -1
    leads: bool = field(default=False)


class AnyOrder(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.table = Table(GroupsConfig(initial_rebalance_delay_ms=3_000, max_size=SIZE_MAX))
        self.table.stores = False
        self.clients: list[Client] = []
        self.sent: dict[int, Sent] = {}
        self.leaders: dict[int, set[str]] = defaultdict(set)
        self.generation = 0
        self.unsaved = 0

    @property
    def members(self) -> dict[str, object]:
        return dict(self.table.group.roster.members)

    def client(self, index: int) -> Client:
        return self.clients[index % len(self.clients)]

    def see_answers(self) -> None:
        for ticket in list(self.sent):
            if ticket in self.table.answers:
                sent = self.sent.pop(ticket)
                (self.see_join if sent.joins else self.see_sync)(sent, ticket)

    def see_join(self, sent: Sent, ticket: int) -> None:
        answer, client = self.table.joined(ticket), sent.client
        if answer.error is ErrorCode.MEMBER_ID_REQUIRED:
            client.member_id = answer.member_id
        elif answer.error is ErrorCode.NONE:
            client.member_id, client.joined, client.seen_ms = answer.member_id, answer, self.table.now_ms
            if answer.leader == answer.member_id:
                self.leaders[answer.generation].add(client.instance_id or client.member_id)
                ids = [each.member_id for each in answer.members]
                assert client.member_id in ids
                assert len(set(ids)) == len(ids)
        elif answer.error in EVICTS:
            client.member_id, client.joined = "", None

    def see_sync(self, sent: Sent, ticket: int) -> None:
        answer, client = self.table.synced(ticket), sent.client
        if answer.error is ErrorCode.NONE:
            client.seen_ms = self.table.now_ms
            assert answer.assignment in (b"", f"of {sent.generation}".encode())
            assert answer.assignment or not sent.leads, "a leader gets what it gave itself"

    # What clients do.

    @precondition(lambda self: len(self.clients) < 7)
    @rule(instance_id=st.sampled_from([None, None, "a", "b"]))
    def appears(self, instance_id: str | None) -> None:
        self.clients.append(Client(instance_id))

    @precondition(lambda self: self.clients)
    @rule(
        index=st.integers(0, 6),
        offer=st.sampled_from(OFFERS),
        learns=st.booleans(),
        skips=st.booleans(),
        rebalance_ms=st.sampled_from([0, 5_000, REBALANCE_MS]),
    )
    def joins(
        self, index: int, offer: dict[str, bytes], learns: bool, skips: bool, rebalance_ms: int
    ) -> None:
        client, before = self.client(index), self.members
        ticket = self.table.join(
            client.member_id,
            client.instance_id,
            protocols=offer,
            learns_id_first=learns,
            skips_assignment=skips,
            rebalance_timeout_ms=rebalance_ms,
        )
        self.sent[ticket] = Sent(client, joins=True)
        lost = before.keys() - self.members.keys()
        if lost:
            own = {name for name in lost if name == client.member_id}
            fenced = client.instance_id is not None and client.member_id == ""
            absent_dynamic = self.table.group.state is GroupState.COMPLETING
            assert own or fenced or absent_dynamic
        self.see_answers()

    @precondition(lambda self: any(client.joined for client in self.clients))
    @rule(index=st.integers(0, 6))
    def syncs(self, index: int) -> None:
        client = self.client(index)
        if client.joined is None:
            return
        before, joined = self.members, client.joined
        leads = joined.leader == joined.member_id and not joined.skip_assignment
        given = {name: f"of {joined.generation}".encode() for name in self.members} if leads else {}
        ticket = self.table.sync(joined, given, instance_id=client.instance_id)
        self.sent[ticket] = Sent(client, joins=False, generation=joined.generation, leads=leads)
        assert before.keys() == self.members.keys()
        self.see_answers()

    @precondition(lambda self: any(client.joined for client in self.clients))
    @rule(index=st.integers(0, 6), commits=st.booleans())
    def shows_life(self, index: int, commits: bool) -> None:
        client = self.client(index)
        if client.joined is None:
            return
        before, joined = self.members, client.joined
        if commits:
            error = self.table.commit(joined.member_id, joined.generation, client.instance_id)
        else:
            error = self.table.heartbeat(joined, client.instance_id)
        if error is ErrorCode.NONE:
            client.seen_ms = self.table.now_ms
            assert joined.member_id in self.members
            assert joined.generation == self.table.group.generation
        elif error in EVICTS:
            client.member_id, client.joined = "", None
        assert before.keys() == self.members.keys()

    @precondition(lambda self: self.clients)
    @rule(index=st.integers(0, 6), by_name=st.booleans())
    def leaves(self, index: int, by_name: bool) -> None:
        client, before = self.client(index), self.members
        bearer = self.table.group.roster.instance(client.instance_id) if client.instance_id else None
        (outcome,) = self.table.leave(Leaver("" if by_name else client.member_id, client.instance_id))
        gone = {client.member_id} | ({bearer.member_id} if bearer else set())
        if outcome is ErrorCode.NONE:
            assert not client.member_id or not (gone & self.members.keys())
        elif self.table.group.state is not GroupState.COMPLETING:
            assert before.keys() == self.members.keys()
        self.see_answers()

    # What time and storage do.

    @rule(step_ms=st.sampled_from(STEP_MS))
    def passes(self, step_ms: int) -> None:
        group, before = self.table.group, self.members
        calm = group.state is GroupState.STABLE and _Phase.SYNC not in group._deadlines
        self.table.advance(step_ms)
        if calm and step_ms < 5_000:
            for name in before.keys() - self.members.keys():
                seen_ms = max((each.seen_ms for each in self.clients if each.member_id == name), default=0)
                assert self.table.now_ms - seen_ms >= SESSION_MS, f"{name} was seen at {seen_ms}"
        self.see_answers()

    @precondition(lambda self: self.unsaved < len(self.table.saves))
    @rule(error=st.sampled_from([ErrorCode.NONE, ErrorCode.NONE, ErrorCode.COORDINATOR_NOT_AVAILABLE]))
    def is_stored(self, error: ErrorCode) -> None:
        save = self.table.saves[self.unsaved]
        self.unsaved += 1
        self.table.store(save, error)
        self.see_answers()

    # What must hold.

    @invariant()
    def whoever_waits_is_a_member_and_is_answered_once(self) -> None:
        held = Counter[int]()
        for member in self.table.group.roster.members.values():
            held.update(ticket for ticket in (member.joining, member.syncing) if ticket is not None)
        assert held == Counter(self.sent.keys())

    @invariant()
    def generations_only_grow(self) -> None:
        assert self.table.group.generation >= self.generation
        self.generation = self.table.group.generation

    @invariant()
    def each_generation_has_one_leader(self) -> None:
        assert all(len(leaders) == 1 for leaders in self.leaders.values())

    @invariant()
    def the_roster_is_consistent(self) -> None:
        roster = self.table.group.roster
        members = list(roster.members.values())
        assert (roster.leader in roster.members) if members else roster.leader is None
        assert roster.joining == sum(member.joining is not None for member in members)
        assert roster._supporters == Counter(name for member in members for name in member.protocols)
        named = {member.instance_id: member.member_id for member in members if member.instance_id}
        assert roster._instances == named
        assert not roster.pending & roster.members.keys()
        assert roster.unsynced <= roster.members.keys()
        assert roster.joining <= SIZE_MAX
        assert len(members) <= 2 * SIZE_MAX
        assert len(roster.pending) <= SIZE_MAX

    @invariant()
    def the_state_fits_the_members_and_something_will_happen(self) -> None:
        group, deadlines = self.table.group, self.table.group._deadlines
        if group.state is GroupState.EMPTY:
            assert not group.roster.members
        if group.state in (GroupState.STABLE, GroupState.COMPLETING):
            assert group.roster.members
            assert all(member.joining is None for member in group.roster.members.values())
        if group.state is GroupState.STABLE:
            assert all(member.syncing is None for member in group.roster.members.values())
        if group.state is GroupState.PREPARING:
            assert _Phase.JOIN in deadlines
        if group.state is GroupState.COMPLETING:
            assert _Phase.SYNC in deadlines or self.unsaved < len(self.table.saves)
        for member in group.roster.members.values():
            assert (member.member_id,) in deadlines or member.excused
        assert all((name,) in deadlines for name in group.roster.pending)

    def teardown(self) -> None:
        """If everybody falls silent, everybody is answered and nobody is left."""
        for _ in range(20):
            while self.unsaved < len(self.table.saves):
                self.is_stored(ErrorCode.NONE)
            self.table.advance(REBALANCE_MS)
        self.see_answers()
        assert self.table.group.idle, self.table.group
        assert not self.sent
        assert self.table.group.next_deadline_ms() is None


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(max_examples=60, stateful_step_count=50, deadline=None)
