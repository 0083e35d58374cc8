"""What the picture shows is read back out of it: it has to say the numbers and stay inside its frame."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from skylog.charts.bars import Bar, BarChart

SVG = "{http://www.w3.org/2000/svg}"


def dollars(value: float) -> str:
    return f"${value:,.0f}"


def chart(*bars: Bar, legend: tuple[str, ...] = ("PUT", "storage")) -> ElementTree.Element:
    rendered = BarChart("Money", "a month", legend, bars, dollars).render()
    return ElementTree.fromstring(rendered)


def parts(root: ElementTree.Element) -> list[ElementTree.Element]:
    return [rect for rect in root.iter(f"{SVG}rect") if rect.find(f"{SVG}title") is not None]


def texts(root: ElementTree.Element) -> list[str]:
    return ["".join(text.itertext()) for text in root.iter(f"{SVG}text")]


def test_widths_are_in_proportion_and_parts_adjoin() -> None:
    root = chart(Bar("a", "", (100, 300)), Bar("b", "", (50, 0)))
    first, second, third = parts(root)
    width = [float(part.attrib["width"]) for part in (first, second, third)]
    assert width[1] == pytest.approx(3 * width[0], abs=0.05)
    assert width[2] == pytest.approx(width[0] / 2, abs=0.05)
    assert float(second.attrib["x"]) == pytest.approx(float(first.attrib["x"]) + width[0], abs=0.05)
    assert first.attrib["x"] == third.attrib["x"]


def test_sums_labels_and_hints_are_there() -> None:
    root = chart(Bar("ours", "as it is", (100, 300)), Bar("theirs", "", (1000, 0)))
    assert {"ours", "as it is", "$400", "theirs", "$1,000", "Money", "a month"} <= set(texts(root))
    assert [part.findtext(f"{SVG}title") for part in parts(root)] == [
        "PUT: $100",
        "storage: $300",
        "PUT: $1,000",
    ]
    assert root.findtext(f"{SVG}desc") == "ours: $400; theirs: $1,000"


def test_what_is_nowhere_is_not_in_the_legend() -> None:
    assert "storage" not in texts(chart(Bar("a", "", (1, 0))))
    assert "storage" in texts(chart(Bar("a", "", (1, 1))))


def test_names_are_no_markup() -> None:
    root = chart(Bar("<b> & 'c'", "", (1, 2)), legend=("<PUT>", '"'))
    assert "<b> & 'c'" in texts(root)
    assert "<PUT>" in texts(root)


def test_everything_stays_inside_the_frame() -> None:
    legend = tuple(f"a part with a long name {i}" for i in range(8))
    root = chart(*(Bar("a label of some length", "detail", [9e6] * 8) for _ in range(5)), legend=legend)
    _, _, width, height = map(float, root.attrib["viewBox"].split())
    for rect in root.iter(f"{SVG}rect"):
        assert float(rect.attrib["x"]) + float(rect.attrib["width"]) <= width
        assert float(rect.attrib["y"]) + float(rect.attrib["height"]) <= height
    assert all(
        0 <= float(t.attrib["x"]) <= width and float(t.attrib["y"]) <= height for t in root.iter(f"{SVG}text")
    )


def test_nothing_to_show() -> None:
    assert parts(chart(Bar("free", "", (0, 0)))) == []
    assert parts(chart()) == []


def test_more_parts_than_colours_is_refused() -> None:
    with pytest.raises(ValueError, match="at most 8 parts, found 9"):
        chart(Bar("a", "", [1] * 9), legend=("x",) * 9)


def test_light_and_dark() -> None:
    rendered = BarChart("t", "", ("a",), [Bar("a", "", (1,))], dollars).render()
    assert "prefers-color-scheme:dark" in rendered
