from __future__ import annotations

from xml.etree import ElementTree

import pytest

from skylog.charts.lines import Axis, Line, LineChart

SVG = "{http://www.w3.org/2000/svg}"


def chart(*lines: Line, log: bool = False, marks: list[float] | None = None) -> ElementTree.Element:
    x, y = Axis(str, log=log, marks=marks), Axis(lambda value: f"{value:g} ms", log=log)
    return ElementTree.fromstring(LineChart("Latency", "milliseconds", "bytes", x, y, lines).render())


def places(root: ElementTree.Element, number: int) -> list[tuple[float, float]]:
    circles = (each for each in root.iter(f"{SVG}circle") if each.attrib["class"] == f"fill-{number}")
    return [(float(each.attrib["cx"]), float(each.attrib["cy"])) for each in circles]


def test_more_is_higher_and_further_right() -> None:
    [(x1, y1), (x2, y2), (x3, y3)] = places(chart(Line("a", [(1, 10), (2, 20), (4, 40)])), 0)
    assert x1 < x2 < x3
    assert y1 > y2 > y3
    assert x3 - x2 == pytest.approx(2 * (x2 - x1), abs=0.05)
    assert y2 - y3 == pytest.approx(2 * (y1 - y2), abs=0.05)


def test_equal_ratios_are_equal_steps_where_it_is_logarithmic() -> None:
    [(x1, y1), (x2, y2), (x3, y3)] = places(chart(Line("a", [(1, 10), (10, 100), (100, 1000)]), log=True), 0)
    assert x3 - x2 == pytest.approx(x2 - x1, abs=0.05)
    assert y2 - y3 == pytest.approx(y1 - y2, abs=0.05)


def test_names_hints_and_description_say_the_numbers() -> None:
    root = chart(Line("<p50>", [(1, 10)]), Line("p99", [(1, 30), (2, 40)]))
    assert [title.text for title in root.iter(f"{SVG}title")] == [
        "Latency", "<p50>: 1, 10 ms", "p99: 1, 30 ms", "p99: 2, 40 ms",
    ]  # fmt: skip
    assert root.findtext(f"{SVG}desc") == "<p50>: 1 10 ms; p99: 1 30 ms, 2 40 ms"
    texts = {"".join(text.itertext()) for text in root.iter(f"{SVG}text")}
    assert {"<p50>", "p99", "milliseconds", "bytes"} <= texts


def test_given_marks_and_one_point_stay_inside_the_frame() -> None:
    root = chart(Line("a", [(4096, 5)]), log=True, marks=[4096])
    _, _, width, height = map(float, root.attrib["viewBox"].split())
    [(x, y)] = places(root, 0)
    assert 0 <= x <= width
    assert 0 <= y <= height


def test_what_cannot_be_shown_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one point"):
        chart(Line("a", []))
    with pytest.raises(ValueError, match="above 0, found 0"):
        chart(Line("a", [(0, 1)]), log=True)
    with pytest.raises(ValueError, match="at most 8 lines, found 9"):
        chart(*[Line("a", [(1, 1)])] * 9)
