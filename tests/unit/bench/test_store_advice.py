from __future__ import annotations

import json
from xml.etree import ElementTree

import pytest

from skylog.bench.sizes import GIB, MIB
from skylog.bench.store.advice import Advice, Demand, advise, explain
from skylog.bench.store.measured import Measured
from skylog.bench.store.plan import Cell
from skylog.bench.store.prices import sheet_for
from skylog.bench.store.report import Report
from skylog.bench.store.session import Outcome
from skylog.storage.metered import StoreUsage
from skylog.storage.prices import load_prices

AWS = load_prices("aws")
MACHINE = dict.fromkeys(("machine", "python", "skylog", "load", "at"), "x")


def put(size: int, concurrency: int, milliseconds: float, count: int = 100) -> Measured:
    """PUTs that all take the same time."""
    made = Measured(Cell("put", size, concurrency), seconds=count * milliseconds / 1000 / concurrency)
    for _ in range(count):
        made.succeed(milliseconds, size)
    return made


def grid() -> list[Measured]:
    """A store of 100 ms a PUT and 10 ms for each MiB."""
    sizes = (65536, MIB, 8 * MIB)
    return [put(size, many, 100 + 10 * size / MIB) for size in sizes for many in (1, 4, 16)]


def advice_for(mib: float, days: float = 7) -> Advice:
    found = advise(grid(), Demand(mib * MIB, days), AWS)
    assert found is not None
    return found


def test_waiting_for_a_segment_takes_no_longer_than_storing_it() -> None:
    best = advice_for(8).best
    assert best is not None
    assert best.puts_per_second == 8  # half of 125 ms, and 4 a second would wait as long as half of 250
    assert best.segment_bytes == MIB
    assert best.put_p50_ms == pytest.approx(110, rel=0.05)
    assert best.ack_p50_ms == pytest.approx(62.5 + 110, rel=0.05)
    assert best.ack_p99_ms == pytest.approx(125 + 110, rel=0.05)


def test_concurrency_grows_with_what_is_asked_for() -> None:
    most = {mib: advice_for(mib).best for mib in (20, 60, 200)}
    found = [each.concurrency for each in most.values() if each is not None]
    assert found == sorted(found)
    assert found[0] == 2  # one at a time would do, but some are slow
    assert found[-1] == 16


def test_puts_cost_no_more_than_what_is_kept_unless_they_are_rare() -> None:
    fast = [put(size, 1, 1.0) for size in (65536, MIB, 8 * MIB)]
    kept_long, kept_short = (advise(fast, Demand(8 * MIB, days), AWS) for days in (70, 0.1))
    assert kept_long is not None
    assert kept_short is not None
    assert kept_long.best is not None
    assert kept_short.best is not None
    assert kept_long.best.puts_per_second == 64
    assert kept_short.best.puts_per_second == 4
    free = advise(fast, Demand(8 * MIB, 0.1), load_prices("none"))
    assert free is not None
    assert free.best is not None
    assert free.best.puts_per_second == 64


def test_options_get_dearer_and_quicker() -> None:
    options = advice_for(8).options
    assert [each.puts_per_second for each in options] == sorted(each.puts_per_second for each in options)
    assert [each.ack_p99_ms for each in options] == sorted(
        (each.ack_p99_ms for each in options), reverse=True
    )
    assert options[-1].put_dollars_month > options[0].put_dollars_month


def test_money_is_the_sheets() -> None:
    found = advice_for(8, days=10)
    assert found.best is not None
    assert found.best.put_dollars_month == pytest.approx(8 * 730 * 3600 * 0.005 / 1000)
    assert found.storage_dollars_month == pytest.approx(8 * MIB * 10 * 86400 / GIB * 0.023)
    assert "A month costs $" in " ".join(explain(found, AWS))


def test_where_requests_are_rare_only_the_small_put_counts() -> None:
    assert advice_for(8).quiet_p50_ms == pytest.approx(100.6, rel=0.05)


def test_too_much_is_said_to_be_too_much() -> None:
    found = advice_for(100_000)
    assert found.best is None
    [sentence] = explain(found, AWS)
    assert "--throughput" in sentence


def test_without_a_put_there_is_no_advice() -> None:
    assert advise([Measured(Cell("put", 1, 1)), Measured(Cell("get", 1, 1))], Demand(1, 1), AWS) is None


def test_percentiles_want_enough_requests() -> None:
    few, many = put(1, 1, 5.0, 99), put(1, 1, 5.0, 1000)
    assert few.percentile_ms(0.9) is not None
    assert few.percentile_ms(0.99) is None
    assert many.percentile_ms(0.999) is not None


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("s3://b/p?region=eu-west-1", "Amazon"),
        ("s3://b/p?endpoint=http://127.0.0.1:1", "no charge"),
        ("gs://b", "Google"),
        ("az://b", "Azure"),
        ("memory:", "no charge"),
        ("file:///x", "no charge"),
    ],
)
def test_prices_follow_the_address(url: str, name: str) -> None:
    free = load_prices("none").name
    assert (sheet_for(url).name == free) if name == "no charge" else (name in sheet_for(url).name)


def report(cells: list[Measured]) -> Report:
    outcome = Outcome("memory:<x>", cells, [(Cell("put", MIB, 64), "its traffic would exceed --bytes-max")])
    return Report(outcome, StoreUsage(puts=5), AWS, advise(cells, Demand(8 * MIB, 7), AWS), MACHINE)


def test_the_page_stands_alone_and_its_charts_are_svg() -> None:
    broken = Measured(Cell("get", MIB, 1))
    broken.fail(ValueError("<oops>"))
    made = report([*grid(), put(4096, 1, 3.0), broken]).to_html()
    without_namespace = made.replace('xmlns="http://www.w3.org/2000/svg"', "")
    for outside in ("http", "src=", "href=", "@import", "url("):
        assert outside not in without_namespace
    assert "memory:&lt;x&gt;" in made
    assert "&lt;oops&gt;" in made
    drawings = made.split("<svg")[1:]
    assert len(drawings) == 2
    for drawing in drawings:
        ElementTree.fromstring("<svg" + drawing.split("</svg>")[0] + "</svg>")


def test_json_has_everything_in_numbers() -> None:
    told = json.loads(json.dumps(report(grid()).to_json()))
    assert told["cells"][0]["latency_ms"]["p50"] == pytest.approx(100.6, rel=0.05)
    assert told["cells"][0]["latency_ms"]["p99.9"] is None
    assert told["advice"]["best"]["puts_per_second"] == 8
    assert told["dollars"] == pytest.approx(5 * 0.005 / 1000)
    assert told["left_out"] == [
        {"cell": "PUT 1,024 KiB × 64", "reason": "its traffic would exceed --bytes-max"}
    ]


def test_without_any_answer_there_is_a_page_too() -> None:
    empty = report([])
    assert empty.advice() == ["No PUT succeeded: no advice."]
    assert "no advice" in empty.to_html()
