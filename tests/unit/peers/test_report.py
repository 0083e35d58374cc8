"""The page that the peer bench writes."""

from pathlib import Path

import pytest

from peers import plots, report
from peers.loads import LOADS
from peers.report import Results
from peers.targets import PAIRS, TARGETS


def turns(*values: float) -> dict[str, object]:
    samples = [
        {"cpu_s_per_gib": value, "user_s_per_gib": value / 2, "system_s_per_gib": value / 2}
        for value in values
    ]
    return {"samples": samples, "failures": []}


@pytest.fixture
def results() -> Results:
    about = {
        "command": "scripts/bench-peers", "date": "2026-11-28", "kafka": "4.3.1", "java": "openjdk",
        "commit": "abc", "processor": "CPU", "cores": 2, "system": "Linux", "python": "3.11",
        "confluent-kafka": "2", "broker_cpus": "all", "client_cpus": "all", "rounds": 3, "scale": 1.0,
        "interrupted": False, "targets": {name: target.title for name, target in TARGETS.items()},
    }  # fmt: skip
    load = {
        "name": "java",
        "title": "produce",
        "aims": [{"target": "skylog-memory", "most": 0.4, "figure": "cpu_s_per_gib"}],
        "targets": {"kafka-tmpfs": turns(2.0, 1.0, 4.0), "skylog-memory": turns(1.0, 0.3, 1.0)},
    }
    return Results({"about": about, "loads": [load]})


def test_ratios_are_taken_within_each_round(results: Results) -> None:
    assert results.ratios(results.loads[0], "skylog-memory", "cpu_s_per_gib") == [0.5, 0.3, 0.25]


def test_an_aim_stands_beside_what_came_of_it(results: Results) -> None:
    assert "≤ 0.4 | **0.30 (0.25–0.50)** | reached |" in report.tables(results)
    results.loads[0]["aims"][0]["most"] = 0.29
    assert "≤ 0.29 | **0.30 (0.25–0.50)** | missed |" in report.tables(results)


def test_what_was_not_measured_is_a_dash_and_no_table(results: Results) -> None:
    text = report.tables(results)
    assert "| produce | 2.00 | 1.00 | 0.30 (0.25–0.50) | – | – | – | – |" in text
    assert "Latency" not in text


def test_failed_turns_are_named(results: Results) -> None:
    results.loads[0]["targets"]["skylog-memory"]["failures"].append("Failed: the broker ended\nits log")
    assert "- produce, skylog, memory store: Failed: the broker ended" in report.tables(results)


def test_tables_go_between_their_marks(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{report.START}\nold\n{report.END}\nafter\n")
    report.write(page, "new")
    assert page.read_text() == f"before\n{report.START}\n\nnew\n\n{report.END}\nafter\n"
    with pytest.raises(SystemExit):
        report.write(Path(__file__), "new")


def test_a_picture_is_drawn_only_of_what_was_measured(results: Results, tmp_path: Path) -> None:
    assert [path.name for path in plots.write(tmp_path, results)] == ["peers-memory.svg"]


def test_each_aim_is_for_a_target_that_its_load_measures_beside_its_peer() -> None:
    for load in LOADS.values():
        for aim in load.aims:
            assert {aim.target, PAIRS[aim.target]} <= set(load.targets), load.name
