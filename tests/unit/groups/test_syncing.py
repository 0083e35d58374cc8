"""Syncing: assignments, what is stored, who is too late."""

import pytest

from skylog.groups.rebalance import GroupState
from skylog.groups.requests import JoinAnswer, Leaver
from skylog.wire.codes import ErrorCode

from .table import REBALANCE_MS, SESSION_MS, Table


@pytest.fixture
def table() -> Table:
    return Table()


def two_joined(table: Table) -> tuple[JoinAnswer, JoinAnswer]:
    members = [table.member() for _ in range(2)]
    tickets = [table.join(member) for member in members]
    table.advance(0)
    return table.joined(tickets[0]), table.joined(tickets[1])


def test_members_wait_for_the_leader_and_each_gets_its_own(table):
    first, second = two_joined(table)
    waiting = table.sync(second)
    assert waiting not in table.answers
    leader = table.sync(first, {first.member_id: b"1", second.member_id: b"2", "stranger": b"3"})
    assert table.synced(leader).assignment == b"1"
    answer = table.synced(waiting)
    assert (answer.error, answer.assignment) == (ErrorCode.NONE, b"2")
    assert (answer.protocol_type, answer.protocol_name) == ("consumer", "range")
    assert table.group.state is GroupState.STABLE


def test_whom_the_leader_left_out_gets_an_empty_assignment(table):
    first, second = two_joined(table)
    table.sync(first, {first.member_id: b"1"})
    assert table.synced(table.sync(second)).assignment == b""


def test_in_a_stable_group_the_answer_comes_at_once(table):
    first, second = two_joined(table)
    table.sync(first, {second.member_id: b"2"})
    assert table.synced(table.sync(second)).assignment == b"2"
    assert table.synced(table.sync(second)).assignment == b"2"


def test_the_generation_is_stored_before_anybody_has_an_assignment(table):
    table.stores = False
    first, second = two_joined(table)
    tickets = [table.sync(second), table.sync(first, {second.member_id: b"2"})]
    assert not any(ticket in table.answers for ticket in tickets)
    assert table.group.state is GroupState.COMPLETING
    (save,) = table.saves
    assert (save.record.generation, save.record.protocol_type) == (first.generation, "consumer")
    table.store(save)
    assert table.synced(tickets[0]).assignment == b"2"


def test_if_it_cannot_be_stored_all_are_told_and_rejoin(table):
    table.stores = False
    first, second = two_joined(table)
    tickets = [table.sync(second), table.sync(first)]
    table.store(table.saves[0], ErrorCode.COORDINATOR_NOT_AVAILABLE)
    assert {table.error(ticket) for ticket in tickets} == {ErrorCode.COORDINATOR_NOT_AVAILABLE}
    assert table.group.state is GroupState.PREPARING


def test_what_is_stored_after_the_group_went_on_changes_nothing(table):
    table.stores = False
    first, second = two_joined(table)
    waiting = table.sync(first, {first.member_id: b"old"})
    table.leave(Leaver(second.member_id, None))
    assert table.error(waiting) is ErrorCode.REBALANCE_IN_PROGRESS
    again = table.joined(table.join(first.member_id))
    ticket = table.sync(again, {first.member_id: b"new"})
    table.store(table.saves[0])
    assert ticket not in table.answers
    table.store(table.saves[1])
    assert table.synced(ticket).assignment == b"new"


def test_a_repeated_sync_takes_the_place_of_the_one_that_waits(table):
    first, second = two_joined(table)
    waiting, again = table.sync(second), table.sync(second)
    assert table.error(waiting) is ErrorCode.REBALANCE_IN_PROGRESS
    table.sync(first, {second.member_id: b"2"})
    assert table.synced(again).assignment == b"2"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"member_id": "stranger"}, ErrorCode.UNKNOWN_MEMBER_ID),
        ({"generation": 7}, ErrorCode.ILLEGAL_GENERATION),
        ({"protocol_type": "connect"}, ErrorCode.INCONSISTENT_GROUP_PROTOCOL),
        ({"protocol_name": "sticky"}, ErrorCode.INCONSISTENT_GROUP_PROTOCOL),
        ({"protocol_type": None, "protocol_name": None}, ErrorCode.NONE),
    ],
)
def test_a_sync_has_to_fit_the_generation(table, changes, error):
    first, _ = two_joined(table)
    assert table.error(table.sync(first, **changes)) is error


def test_while_members_rejoin_nobody_syncs(table):
    first, _ = table.stable(2)
    table.join(table.member())
    assert table.error(table.sync(first)) is ErrorCode.REBALANCE_IN_PROGRESS


def test_a_new_member_sends_those_who_wait_back_to_join(table):
    _, second = two_joined(table)
    waiting = table.sync(second)
    table.join(table.member())
    assert table.error(waiting) is ErrorCode.REBALANCE_IN_PROGRESS


def test_who_does_not_sync_in_time_is_out(table):
    first, second = two_joined(table)
    table.sync(first)
    for _ in range(REBALANCE_MS // 5_000):
        assert table.heartbeat(first) is ErrorCode.NONE
        assert table.heartbeat(second) is ErrorCode.NONE
        table.advance(5_000)
    assert table.heartbeat(second) is ErrorCode.UNKNOWN_MEMBER_ID
    assert table.heartbeat(first) is ErrorCode.REBALANCE_IN_PROGRESS


def test_a_leader_that_does_not_sync_is_out_and_the_others_rejoin(table):
    first, second = two_joined(table)
    waiting = table.sync(second)
    for _ in range(REBALANCE_MS // 5_000):
        table.heartbeat(first)
        table.advance(5_000)
    assert table.error(waiting) is ErrorCode.REBALANCE_IN_PROGRESS
    answer = table.joined(table.join(second.member_id))
    assert (answer.generation, answer.leader) == (second.generation + 1, second.member_id)


def test_once_all_have_synced_nothing_is_due_but_sessions(table):
    first, second = two_joined(table)
    table.sync(first)
    table.sync(second)
    for _ in range(3 * REBALANCE_MS // 5_000):
        assert table.heartbeat(first) is ErrorCode.NONE
        assert table.heartbeat(second) is ErrorCode.NONE
        table.advance(5_000)
    assert table.group.state is GroupState.STABLE


def test_who_waits_for_the_leader_needs_no_heartbeat_and_has_a_whole_session_after(table):
    first, second = two_joined(table)
    waiting = table.sync(second)
    for _ in range(4):
        table.advance(SESSION_MS - 1)
        table.heartbeat(first)
    table.sync(first)
    assert table.error(waiting) is ErrorCode.NONE
    table.advance(SESSION_MS - 1)
    table.heartbeat(first)
    assert second.member_id in table.group.roster.members
    table.advance(1)
    assert second.member_id not in table.group.roster.members


def test_a_member_that_is_removed_while_it_waits_is_told(table):
    _, second = two_joined(table)
    waiting = table.sync(second)
    table.leave(Leaver(second.member_id, None))
    assert table.error(waiting) is ErrorCode.UNKNOWN_MEMBER_ID


def test_a_group_without_members_knows_nobody():
    table = Table(generation=3)
    nobody = JoinAnswer(ErrorCode.NONE, "m", 3)
    assert table.error(table.sync(nobody)) is ErrorCode.UNKNOWN_MEMBER_ID
    assert table.heartbeat(nobody) is ErrorCode.UNKNOWN_MEMBER_ID
