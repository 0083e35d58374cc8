from __future__ import annotations

import json
from xml.etree import ElementTree

import numpy as np
import pytest
import typer

from skylog.bench.log.histogram import Histogram, Timeline
from skylog.bench.log.plan import Plan
from skylog.bench.log.report import Report
from skylog.bench.log.session import Outcome
from skylog.bench.sizes import GIB, KIB
from skylog.cli.bench.log import FINDING, _end
from skylog.errors import Unavailable

MACHINE = dict.fromkeys(("machine", "python", "skylog", "load", "at"), "x")


def outcome(**changes: object) -> Outcome:
    """A hundred records of 100 KiB in two seconds, 5 ms to the acknowledgement and 8 to a consumer."""
    histograms = [Histogram(), Histogram(), Histogram()]
    acknowledged, read = Timeline(), Timeline()
    due = np.arange(100, dtype=np.int64) * 20_000_000
    for histogram, timeline, ms in zip(
        histograms, (acknowledged, read, Timeline()), (5.0, 8.0, 1.0), strict=True
    ):
        histogram.record(np.full(100, ms))
        timeline.record(due, np.full(100, ms))
    plan = Plan(rate=50, record_bytes=100 * KIB, batch_bytes=100 * KIB, seconds=2, warm_up_seconds=0)
    values = {
        "read_by_second": read, "sent": 100, "acknowledged": 100, "received": 100, "records_per_second": 50.0,
        "complete": True, "client_cpu_seconds": 0.5, **changes,
    }  # fmt: skip
    return Outcome(plan, "<host>:1", *histograms, acknowledged, **values)  # type: ignore[arg-type]


def test_latencies_stand_by_their_stage() -> None:
    rows = {row[0]: row[1:3] for row in Report(outcome(), MACHINE).rows()}
    assert rows == {"sent": ("100", "1"), "acknowledged": ("100", "5"), "end to end": ("100", "8")}


def test_rate_and_processor_time() -> None:
    told = Report(outcome(broker_cpu_seconds=2.0), MACHINE).to_json()
    assert told["mib_per_second"] == pytest.approx(50 * 100 / 1024, rel=1e-3)
    assert told["broker_cpu_seconds_per_gib"] == pytest.approx(2 * GIB / (100 * 100 * KIB), rel=1e-3)
    assert json.loads(json.dumps(told))["plan"]["rate"] == 50


def test_what_must_not_be_is_a_finding_and_an_exit_code() -> None:
    bad = outcome(lost=3, duplicated=1)
    assert "FINDING: 3 records lost, 1 records duplicated." in Report(bad, MACHINE).notes()
    assert Report(bad, MACHINE).to_json()["findings"] == ["3 records lost", "1 records duplicated"]
    with pytest.raises(typer.Exit) as ended:
        _end(bad)
    assert ended.value.exit_code == FINDING


def test_without_time_to_read_nothing_is_said_of_losses() -> None:
    notes = " ".join(Report(outcome(complete=False, stopped=True), MACHINE).notes())
    assert "nothing can be said of losses" in notes
    assert "Stopped early." in notes


def test_a_topic_that_stays_is_an_error_that_names_it() -> None:
    with pytest.raises(Unavailable, match="topic t was not deleted"):
        _end(outcome(leftover="topic t was not deleted: no"))


def test_the_page_stands_alone_and_its_charts_are_svg() -> None:
    made = Report(outcome(), MACHINE).to_html()
    assert "&lt;host&gt;:1" in made
    for outside in ("http", "src=", "href=", "@import", "url("):
        assert outside not in made.replace('xmlns="http://www.w3.org/2000/svg"', "")
    drawings = made.split("<svg")[1:]
    assert len(drawings) == 3
    for drawing in drawings:
        ElementTree.fromstring("<svg" + drawing.split("</svg>")[0] + "</svg>")
