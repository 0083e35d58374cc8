from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compat.expectations import KINDS, Expectations, Known, load, render, save
from compat.suites import SUITES

WHY = Known("fault", "is to be corrected")

names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
reasons = names.filter(lambda text: bool(text.strip()))
knowns = st.builds(Known, st.sampled_from([*KINDS, "missing: share groups"]), reasons)


@st.composite
def expectations(draw: st.DrawFn) -> Expectations:
    known = draw(st.dictionaries(names, knowns, max_size=5))
    passing = draw(st.frozensets(names, max_size=5)) - known.keys()
    return Expectations(draw(names), passing, known)


@given(expectations())
def test_a_list_comes_back_as_it_was_written(
    tmp_path_factory: pytest.TempPathFactory, listed: Expectations
) -> None:
    folder = tmp_path_factory.mktemp("expected")
    save("suite", listed, folder)
    assert load("suite", folder) == listed


def test_one_line_a_test() -> None:
    listed = Expectations("1", frozenset({"b", "a"}), {"c[1]": WHY})
    assert render(listed).splitlines() == [
        'version = "1"',
        "passing = [",
        '  "a",',
        '  "b",',
        "]",
        "",
        "[known]",
        '"c[1]" = { kind = "fault", reason = "is to be corrected" }',
    ]


def test_a_suite_without_a_file_expects_nothing(tmp_path: Path) -> None:
    assert load("new", tmp_path) == Expectations()


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('version = "1"\npassing = ["a"]\n[known]\na = { kind = "fault", reason = "x" }', "expected to pass"),
        ('version = "1"\npassing = []\n[known]\na = { kind = "odd", reason = "x" }', "found 'odd'"),
        (
            'version = "1"\npassing = []\n[known]\na = { kind = "missing: ", reason = "x" }',
            "found 'missing: '",
        ),
        ('version = "1"\npassing = []\n[known]\na = { kind = "fault", reason = " " }', "sentence"),
        ('version = "1"\npassing = []\n[known]\na = { kind = "fault" }', "reason"),
        ("passing = []", "version"),
        ("passing = [", "suite.toml"),
    ],
)
def test_a_bad_list_names_file_and_fault(tmp_path: Path, text: str, complaint: str) -> None:
    (tmp_path / "suite.toml").write_text(text)
    with pytest.raises(ValueError, match=complaint) as raised:
        load("suite", tmp_path)
    assert "suite.toml" in str(raised.value)


def test_an_update_takes_in_what_passed_and_never_drops_what_exists() -> None:
    listed = Expectations(
        "1", frozenset({"held", "lost", "gone"}), {"cured": WHY, "ill": WHY, "gone too": WHY}
    )
    existing = ["held", "lost", "cured", "ill", "new", "failing"]
    assert listed.updated("2", existing, ["held", "cured", "new"]) == Expectations(
        "2", frozenset({"held", "lost", "cured", "new"}), {"ill": WHY}
    )


@pytest.mark.parametrize("name", SUITES)
def test_the_lists_are_of_the_pinned_versions(name: str) -> None:
    assert load(name).version == SUITES[name].version
