from __future__ import annotations

from skylog.charts.page import grid, page, paragraphs, pictures


def test_text_is_no_markup_and_pictures_are() -> None:
    made = page("<title>", "a & b", [("<h>", paragraphs(["<p>"]) + pictures(["<svg></svg>"]))])
    assert "&lt;title&gt;" in made
    assert "a &amp; b" in made
    assert "<h2>&lt;h&gt;</h2><p>&lt;p&gt;</p>" in made
    assert "<svg></svg>" in made


def test_nothing_is_asked_for_from_anywhere() -> None:
    made = page("t", "", [("h", grid(["a"], [["1"]]))])
    for outside in ("http", "src=", "href=", "@import", "url("):
        assert outside not in made
    assert "prefers-color-scheme:dark" in made


def test_numbers_stand_right() -> None:
    assert "<td>x</td><td class=number>1</td>" in grid(["a", "b"], [["x", "1"]])
