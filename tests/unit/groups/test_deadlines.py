from hypothesis import given
from hypothesis import strategies as st

from skylog.groups.deadlines import Deadlines


def test_names_come_due_in_order_of_time():
    deadlines = Deadlines[str]()
    deadlines.set("late", 20)
    deadlines.set("soon", 10)
    assert deadlines.next_ms() == 10
    assert deadlines.pop_due(9) is None
    assert [deadlines.pop_due(20), deadlines.pop_due(20), deadlines.pop_due(20)] == ["soon", "late", None]


def test_a_deadline_moves_both_ways():
    deadlines = Deadlines[str]()
    deadlines.set("a", 10)
    deadlines.set("a", 30)
    assert deadlines.next_ms() == 30
    deadlines.set("a", 20)
    assert deadlines.next_ms() == 20
    assert deadlines.pop_due(30) == "a"
    assert deadlines.next_ms() is None


def test_a_cancelled_deadline_does_not_come():
    deadlines = Deadlines[str]()
    deadlines.set("a", 10)
    deadlines.cancel("a")
    deadlines.cancel("a")
    assert "a" not in deadlines
    assert deadlines.pop_due(99) is None


def test_memory_is_that_of_the_names_however_often_they_move():
    deadlines = Deadlines[str]()
    deadlines.set("other", 5_000)
    for count in range(10_000):
        deadlines.set("a", 1_000_000 - count)
        deadlines.cancel("a")
        deadlines.set("a", 2_000_000)
    assert len(deadlines._heap) < 100
    assert deadlines.pop_due(5_000) == "other"
    assert deadlines.pop_due(2_000_000) == "a"


moves = st.lists(st.tuples(st.sampled_from("abcd"), st.one_of(st.none(), st.integers(0, 30))), max_size=40)


@given(moves, st.integers(0, 30))
def test_behaves_like_a_dictionary_that_is_searched(steps, now):
    deadlines, model = Deadlines[str](), dict[str, int]()
    for name, at_ms in steps:
        if at_ms is None:
            deadlines.cancel(name)
            model.pop(name, None)
        else:
            deadlines.set(name, at_ms)
            model[name] = at_ms
        assert deadlines.next_ms() == min(model.values(), default=None)
    due = []
    while (name := deadlines.pop_due(now)) is not None:
        due.append(name)
    assert sorted(due) == sorted(name for name, at_ms in model.items() if at_ms <= now)
    assert [model[name] for name in due] == sorted(model[name] for name in due)
