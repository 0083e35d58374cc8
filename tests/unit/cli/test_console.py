from __future__ import annotations

import pytest

from skylog.cli.console import console, format_bytes, format_cell, table


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (1023, "1,023 B"),
        (1024, "1.0 KiB"),
        (8 * 1024**2, "8.0 MiB"),
        (1.5 * 1024**3, "1.5 GiB"),
        (5000 * 1024**4, "5,000.0 TiB"),
    ],
)
def test_bytes_are_shown_in_the_largest_unit(size: float, text: str) -> None:
    assert format_bytes(size) == text


@pytest.mark.parametrize(
    ("value", "text"), [(1234567, "1,234,567"), (None, ""), (True, "True"), ("[b]", "[b]"), (0, "0")]
)
def test_cells(value: object, text: str) -> None:
    assert format_cell(value) == text


def test_pipes_get_whole_lines(capsys: pytest.CaptureFixture[str]) -> None:
    long = "x" * 300
    console().print(table(("name", "count"), [(long, 1), ("[red]y", 22)]))
    lines = [line.split() for line in capsys.readouterr().out.splitlines() if line.strip()]
    assert [long, "1"] in lines
    assert ["[red]y", "22"] in lines
