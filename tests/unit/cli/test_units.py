from __future__ import annotations

from collections.abc import Callable

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from skylog.cli.units import format_duration, parse_duration, parse_rate, parse_size


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0", 0),
        ("17", 17),
        ("17B", 17),
        ("8MiB", 8 << 20),
        ("8 mib", 8 << 20),
        ("64KiB", 65_536),
        ("1.5GiB", 3 << 29),
        (".5TiB", 1 << 39),
        ("8MB", 8_000_000),
        ("1kB", 1_000),
        ("2TB", 2 * 10**12),
        (" 3GB ", 3 * 10**9),
    ],
)
def test_sizes(text: str, size: float) -> None:
    assert parse_size(text, "--size") == size
    assert parse_rate(f"{text.strip()}/s", "--rate") == size
    assert parse_rate(text, "--rate") == size


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("250ms", 0.25),
        ("1s", 1),
        ("5m", 300),
        ("5min", 300),
        ("36h", 129_600),
        ("7d", 604_800),
        ("2W", 1_209_600),
    ],
)
def test_times(text: str, seconds: float) -> None:
    assert parse_duration(text, "--time") == seconds


@pytest.mark.parametrize(
    "text", ["", "MiB", "8Mibit", "8 M iB", "-1MiB", "1e3", "nan", "inf", "8MiB/s", "1,5GB", "9" * 400]
)
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="expected a size such as 8MiB") as refused:
        parse_size(text, "--size")
    assert refused.value.param_hint == "--size"


@pytest.mark.parametrize("parse", [parse_rate, parse_duration])
@pytest.mark.parametrize("text", ["", "fast", "7 days", "5MiB/min", "-1s"])
def test_what_is_no_rate_and_no_time(parse: Callable[[str, str], float], text: str) -> None:
    with pytest.raises(typer.BadParameter, match=r"expected a (rate|time) .*, found "):
        parse(text, "--option")


def test_a_time_without_a_unit_is_not_guessed() -> None:
    with pytest.raises(typer.BadParameter, match="a time with its unit"):
        parse_duration("7", "--retention")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 ms"),
        (0.25, "250 ms"),
        (1, "1 s"),
        (90, "1.5 min"),
        (43_200, "12 h"),
        (604_800, "7 d"),
        (86_400 * 3650, "3,650 d"),
    ],
)
def test_times_are_written_in_the_unit_that_fits(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text


@given(st.integers(0, 10**5), st.sampled_from(["ms", "s", "min", "h", "d", "w"]))
def test_what_is_written_can_be_read_and_is_close(number: int, unit: str) -> None:
    seconds = parse_duration(f"{number}{unit}", "--time")
    again = parse_duration(format_duration(seconds).replace(",", ""), "--time")
    assert again == pytest.approx(seconds, rel=0.05)
