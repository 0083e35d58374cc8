"""Leaving, sessions, and who may commit offsets."""

import pytest

from skylog.groups.rebalance import GroupState
from skylog.groups.requests import Leaver
from skylog.wire.codes import ErrorCode

from .table import SESSION_MS, Table


@pytest.fixture
def table() -> Table:
    return Table()


def test_who_leaves_makes_the_others_rejoin(table):
    first, second = table.stable(2)
    assert table.leave(Leaver(first.member_id, None)) == [ErrorCode.NONE]
    assert table.heartbeat(second) is ErrorCode.REBALANCE_IN_PROGRESS
    answer = table.joined(table.join(second.member_id))
    assert (answer.generation, answer.leader) == (2, second.member_id)


def test_each_leaver_has_an_outcome_and_the_rest_rebalance_once(table):
    first, second, third = table.stable(3)
    outcomes = table.leave(
        Leaver(first.member_id, None), Leaver("stranger", None), Leaver(second.member_id, None)
    )
    assert outcomes == [ErrorCode.NONE, ErrorCode.UNKNOWN_MEMBER_ID, ErrorCode.NONE]
    answer = table.joined(table.join(third.member_id))
    assert answer.generation == 2
    assert len(answer.members) == 1


def test_if_nobody_left_nothing_happens(table):
    (first,) = table.stable()
    table.leave(Leaver("stranger", None))
    assert table.heartbeat(first) is ErrorCode.NONE


def test_an_id_given_out_can_be_handed_back(table):
    member = table.member()
    assert table.leave(Leaver(member, None)) == [ErrorCode.NONE]
    assert table.group.idle
    assert table.group.next_deadline_ms() is None


def test_an_id_handed_back_lets_a_rebalance_go_on(table):
    (first,) = table.stable()
    pending = table.member()
    ticket = table.join(first.member_id)
    assert ticket not in table.answers
    table.leave(Leaver(pending, None))
    assert table.joined(ticket).generation == 2


def test_when_the_last_one_leaves_the_group_is_empty_and_stored_so(table):
    (first,) = table.stable()
    table.leave(Leaver(first.member_id, None))
    assert table.group.idle
    assert table.group.next_deadline_ms() is None
    assert table.saves[-1].record.generation == 2
    assert table.saves[-1].assignments is None


def test_a_session_ends_without_heartbeats(table):
    first, second = table.stable(2)
    table.advance(SESSION_MS - 1)
    assert table.heartbeat(first) is ErrorCode.NONE
    table.advance(1)
    assert table.heartbeat(second) is ErrorCode.UNKNOWN_MEMBER_ID
    assert table.heartbeat(first) is ErrorCode.REBALANCE_IN_PROGRESS


def test_a_group_whose_sessions_all_end_is_empty(table):
    table.stable(3)
    table.advance(10 * SESSION_MS)
    assert table.group.idle
    assert table.group.next_deadline_ms() is None


def test_a_heartbeat_of_another_generation_is_illegal(table):
    first, _ = table.stable(2)
    assert table.group.heartbeat(first.member_id, None, 9, table.now_ms) is ErrorCode.ILLEGAL_GENERATION


def test_a_heartbeat_while_the_others_sync_is_fine(table):
    ticket = table.join(table.member())
    table.advance(0)
    assert table.group.state is GroupState.COMPLETING
    assert table.heartbeat(table.joined(ticket)) is ErrorCode.NONE


class TestCommits:
    def test_without_members_whoever_is_in_no_generation_may(self, table):
        assert table.commit("", -1) is ErrorCode.NONE
        assert table.commit("some name", -1) is ErrorCode.NONE
        assert table.commit("m", 0) is ErrorCode.UNKNOWN_MEMBER_ID

    def test_an_id_given_out_does_not_make_the_group_inhabited(self, table):
        table.member()
        assert table.commit("", -1) is ErrorCode.NONE

    def test_with_members_only_they_may(self, table):
        (first,) = table.stable()
        assert table.commit("", -1) is ErrorCode.UNKNOWN_MEMBER_ID
        assert table.commit("stranger", 1) is ErrorCode.UNKNOWN_MEMBER_ID
        assert table.commit(first.member_id, 0) is ErrorCode.ILLEGAL_GENERATION
        assert table.commit(first.member_id, -1) is ErrorCode.ILLEGAL_GENERATION
        assert table.commit("", -1, "i") is ErrorCode.UNKNOWN_MEMBER_ID
        assert table.commit(first.member_id, 1) is ErrorCode.NONE

    def test_before_rejoining_the_generation_before_may(self, table):
        first, _ = table.stable(2)
        table.join(table.member())
        assert table.group.state is GroupState.PREPARING
        assert table.commit(first.member_id, 1) is ErrorCode.NONE

    def test_while_the_others_sync_it_has_to_wait(self, table):
        ticket = table.join(table.member())
        table.advance(0)
        joined = table.joined(ticket)
        assert table.commit(joined.member_id, joined.generation) is ErrorCode.REBALANCE_IN_PROGRESS

    def test_it_counts_as_a_heartbeat(self, table):
        (first,) = table.stable()
        for _ in range(3):
            table.advance(SESSION_MS - 1)
            assert table.commit(first.member_id, 1) is ErrorCode.NONE
        table.advance(SESSION_MS)
        assert table.group.idle
