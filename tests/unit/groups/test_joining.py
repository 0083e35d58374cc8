"""Joining: ids, protocols, leaders, limits."""

import pytest

from skylog.config import GroupsConfig
from skylog.groups.rebalance import NEW_MEMBER_JOIN_MS_MAX, GroupState
from skylog.groups.requests import Leaver
from skylog.wire.codes import ErrorCode

from .table import RANGE, REBALANCE_MS, SESSION_MS, Table


def test_a_dynamic_member_is_sent_back_for_an_id_first():
    table = Table()
    refused = table.joined(table.join())
    assert refused.error is ErrorCode.MEMBER_ID_REQUIRED
    assert refused.member_id
    assert table.group.state is GroupState.EMPTY
    assert not table.group.idle
    ticket = table.join(refused.member_id)
    table.advance(0)
    assert table.joined(ticket).member_id == refused.member_id
    assert table.joined(ticket).generation == 1


def test_before_version_4_and_with_a_static_name_it_joins_at_once():
    table = Table()
    old = table.join(learns_id_first=False)
    static = table.join(instance_id="i")
    table.advance(0)
    assert [table.error(old), table.error(static)] == [ErrorCode.NONE, ErrorCode.NONE]


def test_one_leader_sees_all_members_and_the_others_see_none():
    table = Table()
    first, second = table.stable(2)
    assert first.leader == second.leader == first.member_id
    assert [(each.member_id, each.metadata) for each in first.members] == [
        (first.member_id, RANGE["range"]),
        (second.member_id, RANGE["range"]),
    ]
    assert second.members == ()
    assert (first.protocol_type, first.protocol_name) == ("consumer", "range")


def test_an_id_that_nobody_gave_out_is_unknown():
    table = Table()
    table.stable()
    ticket = table.join("never seen")
    assert table.joined(ticket).error is ErrorCode.UNKNOWN_MEMBER_ID
    assert table.joined(ticket).member_id == "never seen"


def test_an_id_given_out_lapses_with_the_session():
    table = Table()
    member = table.member()
    table.advance(SESSION_MS)
    assert table.group.idle
    assert table.error(table.join(member)) is ErrorCode.UNKNOWN_MEMBER_ID


def test_a_rebalance_waits_for_an_id_given_out_until_it_lapses():
    table = Table()
    (first,) = table.stable()
    table.member()
    ticket = table.join(first.member_id)
    assert ticket not in table.answers
    table.advance(SESSION_MS)
    assert table.joined(ticket).generation == 2


def test_an_id_given_out_to_a_dynamic_member_does_not_serve_a_static_one():
    table = Table()
    ticket = table.join(table.member(), instance_id="i")
    assert table.error(ticket) is ErrorCode.UNKNOWN_SERVER_ERROR


@pytest.mark.parametrize("changes", [{"protocols": {}}, {"protocol_type": ""}])
def test_the_first_member_needs_a_protocol(changes):
    table = Table()
    assert table.error(table.join(**changes)) is ErrorCode.INCONSISTENT_GROUP_PROTOCOL
    assert table.group.idle


@pytest.mark.parametrize(
    "changes", [{"protocols": {"sticky": b""}}, {"protocol_type": "connect"}, {"protocols": {}}]
)
def test_a_member_without_a_common_protocol_is_refused(changes):
    table = Table()
    (first,) = table.stable()
    assert table.error(table.join(**changes)) is ErrorCode.INCONSISTENT_GROUP_PROTOCOL
    rejoin = table.joined(table.join(first.member_id, **changes))
    assert (rejoin.error, rejoin.member_id) == (ErrorCode.INCONSISTENT_GROUP_PROTOCOL, first.member_id)
    assert table.heartbeat(first) is ErrorCode.NONE


def test_an_empty_group_may_begin_anew_with_another_protocol_type():
    table = Table()
    (first,) = table.stable()
    table.leave(Leaver(first.member_id, None))
    (second,) = table.stable(protocol_type="connect", protocols={"default": b""})
    assert second.protocol_type == "connect"
    assert table.group.record.protocol_type == "connect"


def test_what_most_prefer_among_what_all_support_is_chosen():
    table = Table()
    members = [table.member() for _ in range(3)]
    offers = [
        {"range": b"1", "sticky": b"1"},
        {"sticky": b"2", "range": b"2"},
        {"only mine": b"3", "sticky": b"3", "range": b"3"},
    ]
    tickets = [table.join(member, protocols=each) for member, each in zip(members, offers, strict=True)]
    table.advance(0)
    leader = table.joined(tickets[0])
    assert leader.protocol_name == "sticky"
    assert [each.metadata for each in leader.members] == [b"1", b"2", b"3"]


def test_a_new_member_makes_the_others_rejoin():
    table = Table()
    (first,) = table.stable()
    ticket = table.join(table.member())
    assert table.group.state is GroupState.PREPARING
    assert table.heartbeat(first) is ErrorCode.REBALANCE_IN_PROGRESS
    again = table.join(first.member_id)
    assert table.joined(ticket).generation == table.joined(again).generation == 2
    assert table.joined(again).leader == first.member_id


def test_a_leader_that_rejoins_a_stable_group_makes_all_rejoin():
    table = Table()
    first, second = table.stable(2)
    ticket = table.join(first.member_id)
    assert ticket not in table.answers
    table.join(second.member_id)
    assert table.joined(ticket).generation == 2


def test_a_follower_without_news_is_told_the_present_generation():
    table = Table()
    _, second = table.stable(2)
    again = table.joined(table.join(second.member_id))
    assert again == second
    assert table.group.state is GroupState.STABLE


def test_a_follower_with_other_metadata_makes_all_rejoin():
    table = Table()
    _, second = table.stable(2)
    ticket = table.join(second.member_id, protocols={"range": b"other topics"})
    assert ticket not in table.answers
    assert table.group.state is GroupState.PREPARING


def test_who_missed_the_answer_gets_it_again_while_the_others_sync():
    table = Table()
    members = [table.member(), table.member()]
    tickets = [table.join(member) for member in members]
    table.advance(0)
    assert table.group.state is GroupState.COMPLETING
    for member, ticket in zip(members, tickets, strict=True):
        assert table.joined(table.join(member)) == table.joined(ticket)
    table.join(members[1], protocols={"range": b"other"})
    assert table.group.state is GroupState.PREPARING


def test_a_repeated_join_takes_the_place_of_the_one_that_waits():
    table = Table()
    first, second = table.stable(2)
    waiting = table.join(first.member_id)
    again = table.join(first.member_id)
    assert table.error(waiting) is ErrorCode.REBALANCE_IN_PROGRESS
    table.join(second.member_id)
    assert table.joined(again).generation == 2


def test_who_does_not_rejoin_in_time_is_out():
    table = Table()
    first, second = table.stable(2)
    ticket = table.join(table.member())
    for _ in range(REBALANCE_MS // 5_000):
        table.heartbeat(first)
        table.heartbeat(second)
        assert ticket not in table.answers
        table.advance(5_000)
    new = table.joined(ticket)
    assert new.generation == 2
    assert new.leader == new.member_id
    assert [each.member_id for each in new.members] == [new.member_id]
    assert table.heartbeat(first) is ErrorCode.UNKNOWN_MEMBER_ID


def test_the_most_patient_member_decides_how_long_a_rebalance_waits():
    table = Table()
    table.stable(1, rebalance_timeout_ms=3 * REBALANCE_MS, session_timeout_ms=9 * REBALANCE_MS)
    ticket = table.join(table.member())
    table.advance(3 * REBALANCE_MS - 1)
    assert ticket not in table.answers
    table.advance(1)
    assert table.joined(ticket).error is ErrorCode.NONE


def test_a_leader_that_comes_late_is_replaced_by_one_that_waits():
    table = Table()
    first, second = table.stable(2)
    ticket = table.join(second.member_id, protocols={"range": b"other"})
    table.leave(Leaver(first.member_id, None))
    assert table.joined(ticket).leader == second.member_id
    assert len(table.joined(ticket).members) == 1


def test_a_first_join_that_waits_too_long_is_refused():
    table = Table()
    table.stable(
        1, rebalance_timeout_ms=9 * NEW_MEMBER_JOIN_MS_MAX, session_timeout_ms=9 * NEW_MEMBER_JOIN_MS_MAX
    )
    ticket = table.join(table.member())
    table.advance(NEW_MEMBER_JOIN_MS_MAX - 1)
    assert ticket not in table.answers
    table.advance(1)
    assert table.joined(ticket).error is ErrorCode.UNKNOWN_MEMBER_ID
    assert table.joined(ticket).member_id == ""


def test_a_member_that_waits_to_rejoin_needs_no_heartbeat():
    table = Table()
    first, second = table.stable(2)
    ticket = table.join(first.member_id)
    for _ in range(5):
        table.advance(SESSION_MS - 1)
        assert table.heartbeat(second) is ErrorCode.REBALANCE_IN_PROGRESS
    assert ticket not in table.answers
    table.join(second.member_id)
    assert table.joined(ticket).generation == 2


def test_generations_go_on_from_the_stored_one():
    table = Table(generation=41)
    assert table.stable()[0].generation == 42


class TestInitialDelay:
    rules = GroupsConfig(initial_rebalance_delay_ms=3_000)

    def test_an_empty_group_waits_for_others(self):
        table = Table(self.rules)
        ticket = table.join(table.member())
        table.advance(2_999)
        assert ticket not in table.answers
        table.advance(1)
        assert table.joined(ticket).generation == 1

    def test_the_wait_is_prolonged_as_members_come(self):
        table = Table(self.rules)
        ticket = table.join(table.member())
        for _ in range(3):
            table.advance(2_000)
            table.join(table.member())
        table.advance(12_000 - 6_000 - 1)
        assert ticket not in table.answers
        table.advance(1)
        assert len(table.joined(ticket).members) == 4

    def test_but_not_beyond_the_rebalance_timeout(self):
        table = Table(self.rules)
        ticket = table.join(table.member(), rebalance_timeout_ms=7_000)
        for _ in range(6):
            table.advance(1_000)
            table.join(table.member(), rebalance_timeout_ms=7_000)
        assert ticket not in table.answers
        table.advance(999)
        assert ticket not in table.answers
        table.advance(1)
        assert len(table.joined(ticket).members) == 7

    def test_it_is_over_once_the_group_has_a_generation(self):
        table = Table(self.rules)
        first = table.stable()[0]
        ticket = table.join(table.member())
        table.join(first.member_id)
        assert table.joined(ticket).generation == 2

    def test_a_group_that_was_left_before_it_began_is_empty_again(self):
        table = Table(self.rules)
        member = table.member()
        ticket = table.join(member)
        assert table.leave(Leaver(member, None)) == [ErrorCode.NONE]
        assert table.error(ticket) is ErrorCode.UNKNOWN_MEMBER_ID
        assert table.group.state is GroupState.PREPARING
        table.advance(3_000)
        assert table.group.idle


class TestSize:
    rules = GroupsConfig(initial_rebalance_delay_ms=0, max_size=2)

    def test_a_full_group_takes_nobody_more(self):
        table = Table(self.rules)
        table.stable(2)
        refused = table.joined(table.join())
        assert (refused.error, refused.member_id) == (ErrorCode.GROUP_MAX_SIZE_REACHED, "")

    def test_those_who_are_in_may_rejoin(self):
        table = Table(self.rules)
        first, second = table.stable(2)
        ticket = table.join(first.member_id)
        table.join(second.member_id)
        assert table.joined(ticket).generation == 2

    def test_ids_are_given_out_up_to_the_size(self):
        table = Table(self.rules)
        assert table.member()
        assert table.member()
        assert table.error(table.join()) is ErrorCode.GROUP_MAX_SIZE_REACHED
        table.advance(SESSION_MS)
        assert table.member()

    def test_the_last_to_rejoin_are_turned_away_where_the_limit_was_lowered(self):
        table = Table()
        joined = table.stable(3)
        table.group._rules = self.rules
        tickets = [table.join(each.member_id) for each in joined]
        assert table.joined(tickets[2]).error is ErrorCode.GROUP_MAX_SIZE_REACHED
        assert table.heartbeat(joined[2]) is ErrorCode.UNKNOWN_MEMBER_ID
        assert len(table.joined(tickets[0]).members) == 2

    def test_absent_static_members_keep_their_places_but_not_without_end(self):
        table = Table(self.rules)
        patient = {"session_timeout_ms": 30 * REBALANCE_MS}
        tickets = [table.join(instance_id=name, **patient) for name in "ab"]
        table.advance(0)
        leader, _ = table.complete([table.joined(ticket) for ticket in tickets])
        for name, size in (("c", 3), ("d", 4)):
            ticket = table.join(leader.member_id, instance_id="a", **patient)
            table.join(instance_id=name, **patient)
            table.advance(REBALANCE_MS)
            table.complete([table.joined(ticket)])
            assert len(table.group.roster) == size
        table.join(leader.member_id, instance_id="a", **patient)
        refused = table.join(instance_id="e", **patient)
        assert table.error(refused) is ErrorCode.GROUP_MAX_SIZE_REACHED

    def test_an_id_given_out_is_lost_when_the_group_is_full(self):
        table = Table(self.rules)
        late = table.member()
        members = [table.join(table.member()), table.join(table.member(), learns_id_first=True)]
        assert table.error(table.join(late)) is ErrorCode.GROUP_MAX_SIZE_REACHED
        assert not table.group.roster.pending
        table.advance(0)
        assert [table.error(ticket) for ticket in members] == [ErrorCode.NONE, ErrorCode.NONE]


def test_a_dead_group_sends_everybody_to_look_for_the_coordinator():
    table = Table()
    waiting = table.join(table.member())
    table.group.shut(ErrorCode.NOT_COORDINATOR)
    table.settle()
    assert table.error(waiting) is ErrorCode.NOT_COORDINATOR
    assert table.error(table.join()) is ErrorCode.COORDINATOR_NOT_AVAILABLE
    assert table.leave(Leaver("m", None)) == [ErrorCode.COORDINATOR_NOT_AVAILABLE]
    assert table.commit("", -1) is ErrorCode.COORDINATOR_NOT_AVAILABLE
    assert table.group.next_deadline_ms() is None
