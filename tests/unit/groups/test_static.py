"""Static members: a name that outlives the process."""

from collections.abc import Collection

import pytest

from skylog.groups.member import Member
from skylog.groups.rebalance import GroupState
from skylog.groups.requests import JoinAnswer, Leaver
from skylog.wire.codes import ErrorCode

from .table import REBALANCE_MS, SESSION_MS, Table


def stable_static(table: Table, *names: str) -> list[JoinAnswer]:
    tickets = [table.join(instance_id=name) for name in names]
    table.advance(0)
    return table.complete([table.joined(ticket) for ticket in tickets])


def test_a_follower_that_comes_back_goes_on_without_a_rebalance():
    table = Table()
    first, second = stable_static(table, "a", "b")
    back = table.joined(table.join(instance_id="b"))
    assert (back.error, back.generation, back.leader) == (ErrorCode.NONE, 1, first.member_id)
    assert back.member_id != second.member_id
    assert (back.members, back.skip_assignment) == ((), False)
    assert table.group.state is GroupState.STABLE
    assert table.synced(table.sync(back)).assignment == f"for {second.member_id}".encode()


def test_a_leader_that_comes_back_is_told_to_leave_the_assignment():
    table = Table()
    first, second = stable_static(table, "a", "b")
    back = table.joined(table.join(instance_id="a"))
    assert back.skip_assignment
    assert back.leader == back.member_id != first.member_id
    assert {each.instance_id: each.member_id for each in back.members} == {
        "a": back.member_id,
        "b": second.member_id,
    }
    assert table.heartbeat(second) is ErrorCode.NONE


def test_who_comes_back_costs_the_same_in_a_group_of_any_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """Votes were counted and members copied for each: a restart of a group of 1,000 cost the square of it."""
    table = Table()
    stable_static(table, *(f"i{number}" for number in range(50)))
    votes: list[str] = []
    vote = Member.vote

    def count(member: Member, candidates: Collection[str]) -> str:
        votes.append(member.member_id)
        return vote(member, candidates)

    monkeypatch.setattr(Member, "vote", count)
    members = table.group.roster.members
    back = table.joined(table.join(instance_id="i7"))
    assert (back.error, table.group.state) == (ErrorCode.NONE, GroupState.STABLE)
    assert table.group.roster.members is members
    assert votes == []


def test_before_version_9_a_leader_that_comes_back_believes_to_follow():
    table = Table()
    first, _ = stable_static(table, "a", "b")
    back = table.joined(table.join(instance_id="a", skips_assignment=False))
    assert back.leader == first.member_id != back.member_id
    assert (back.members, back.skip_assignment) == ((), False)


def test_the_process_before_is_fenced():
    table = Table()
    first, _ = stable_static(table, "a", "b")
    table.join(instance_id="a")
    fenced = ErrorCode.FENCED_INSTANCE_ID
    assert table.heartbeat(first, "a") is fenced
    assert table.error(table.sync(first, instance_id="a")) is fenced
    assert table.commit(first.member_id, 1, "a") is fenced
    assert table.error(table.join(first.member_id, instance_id="a")) is fenced
    assert table.leave(Leaver(first.member_id, "a")) == [fenced]
    assert table.heartbeat(first) is ErrorCode.UNKNOWN_MEMBER_ID


def test_a_name_that_nobody_bears_is_unknown():
    table = Table()
    (first,) = stable_static(table, "a")
    assert table.heartbeat(first, "b") is ErrorCode.UNKNOWN_MEMBER_ID


def test_what_the_process_before_waits_for_is_fenced():
    table = Table()
    first, second = stable_static(table, "a", "b")
    waiting = table.join(first.member_id, instance_id="a")
    back = table.join(instance_id="a")
    refused = table.joined(waiting)
    assert (refused.error, refused.member_id) == (ErrorCode.FENCED_INSTANCE_ID, first.member_id)
    table.join(second.member_id, instance_id="b")
    assert table.joined(back).generation == 2


def test_a_return_while_the_others_sync_begins_anew():
    table = Table()
    tickets = [table.join(instance_id=name) for name in "ab"]
    table.advance(0)
    first, second = [table.joined(ticket) for ticket in tickets]
    waiting = table.sync(second)
    back = table.join(instance_id="b")
    assert table.error(waiting) is ErrorCode.FENCED_INSTANCE_ID
    assert table.group.state is GroupState.PREPARING
    assert table.error(table.sync(first)) is ErrorCode.REBALANCE_IN_PROGRESS
    table.join(first.member_id, instance_id="a")
    assert table.joined(back).generation == 2


def test_a_return_with_another_protocol_makes_all_rejoin():
    table = Table()
    both = {"range": b"", "sticky": b""}
    tickets = [table.join(instance_id=name, protocols=both) for name in "ab"]
    table.advance(0)
    table.complete([table.joined(ticket) for ticket in tickets])
    ticket = table.join(instance_id="b", protocols={"sticky": b""})
    assert ticket not in table.answers
    assert table.group.state is GroupState.PREPARING


def test_a_restart_shorter_than_the_session_goes_unnoticed():
    table = Table()
    first, second = stable_static(table, "a", "b")
    table.advance(SESSION_MS - 1)
    table.heartbeat(first, "a")
    table.join(instance_id="b")
    table.advance(SESSION_MS - 1)
    assert table.group.state is GroupState.STABLE
    table.heartbeat(first, "a")
    table.advance(1)
    assert table.group.state is GroupState.PREPARING
    assert second.member_id not in table.group.roster.members


def test_an_absent_static_member_stays_in_the_next_generation_and_is_out_if_it_does_not_sync():
    table = Table()
    first, second = stable_static(table, "a", "b")
    ticket = table.join(first.member_id, instance_id="a", session_timeout_ms=9 * REBALANCE_MS)
    for _ in range(REBALANCE_MS // 5_000):
        table.heartbeat(second, "b")
        table.advance(5_000)
    answer = table.joined(ticket)
    assert [each.instance_id for each in answer.members] == ["a", "b"]
    table.complete([answer])
    assert table.group.state is GroupState.STABLE
    for _ in range(REBALANCE_MS // 5_000):
        table.group.heartbeat(second.member_id, "b", answer.generation, table.now_ms)
        table.advance(5_000)
    assert second.member_id not in table.group.roster.members
    assert table.group.state is GroupState.PREPARING


def test_if_only_absent_static_members_are_left_the_rebalance_waits_for_one_of_them():
    table = Table()
    patient = {"session_timeout_ms": 9 * REBALANCE_MS}
    tickets = [table.join(instance_id=name, **patient) for name in "ab"]
    table.advance(0)
    first, _ = table.complete([table.joined(ticket) for ticket in tickets])
    stranger = table.member(**patient)
    table.join(stranger, **patient)
    table.leave(Leaver(stranger, None))
    table.advance(3 * REBALANCE_MS)
    assert table.group.state is GroupState.PREPARING
    ticket = table.join(first.member_id, instance_id="a", **patient)
    table.advance(REBALANCE_MS)
    assert table.joined(ticket).generation == 2
    assert [each.instance_id for each in table.joined(ticket).members] == ["a", "b"]


def test_waiting_for_absent_static_members_without_patience_does_not_spin():
    table = Table()
    hasty = {"rebalance_timeout_ms": 0}
    stable_static(table, "a")
    table.sync(table.joined(table.join(instance_id="a", **hasty)))
    stranger = table.member()
    waiting = table.join(stranger, **hasty)
    table.leave(Leaver(stranger, None))
    table.advance(SESSION_MS - 1)
    assert waiting in table.answers
    assert table.group.state is GroupState.PREPARING
    table.advance(1)
    assert table.group.idle


def test_an_administrator_removes_a_static_member_by_its_name():
    table = Table()
    first, second = stable_static(table, "a", "b")
    assert table.leave(Leaver("", "b"), Leaver("", "c"), Leaver("", None)) == [
        ErrorCode.NONE,
        ErrorCode.UNKNOWN_MEMBER_ID,
        ErrorCode.UNKNOWN_MEMBER_ID,
    ]
    assert list(table.group.roster.members) == [first.member_id]
    assert table.heartbeat(second, "b") is ErrorCode.UNKNOWN_MEMBER_ID
    assert table.heartbeat(first, "a") is ErrorCode.REBALANCE_IN_PROGRESS


@pytest.mark.parametrize("synced", [True, False])
def test_a_member_that_returns_before_it_synced_is_still_expected_to_sync(synced):
    table = Table()
    tickets = [table.join(instance_id=name) for name in "ab"]
    table.advance(0)
    first, _ = [table.joined(ticket) for ticket in tickets]
    table.sync(first, {})
    back = table.joined(table.join(instance_id="b", session_timeout_ms=9 * REBALANCE_MS))
    if synced:
        table.sync(back)
    for _ in range(REBALANCE_MS // 5_000):
        table.heartbeat(first, "a")
        table.advance(5_000)
    assert (back.member_id in table.group.roster.members) is synced
    assert table.group.state is (GroupState.STABLE if synced else GroupState.PREPARING)
