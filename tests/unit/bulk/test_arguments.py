"""Arguments that do not fit are refused before anything is sent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from skylog import bulk
from skylog.bulk.addresses import parse_bootstrap
from skylog.bulk.delivery import Delivery
from skylog.bulk.positions import _timestamp, check_positions
from skylog.bulk.reading import Reading


@pytest.mark.parametrize(
    ("text", "addresses"),
    [
        ("localhost", [("localhost", 9092)]),
        ("a:1, b:2", [("a", 1), ("b", 2)]),
        ("[::1]:19092", [("::1", 19092)]),
        (["a:1", "b"], [("a", 1), ("b", 9092)]),
    ],
)
def test_bootstrap(text: Any, addresses: list[tuple[str, int]]) -> None:
    assert parse_bootstrap(text) == addresses


@pytest.mark.parametrize("text", ["", "a:b", "a:70000", "http://a:1", "a,,b", [], "::1"])
def test_bootstrap_that_is_none(text: Any) -> None:
    with pytest.raises(ValueError, match="HOST:PORT"):
        parse_bootstrap(text)


@pytest.mark.parametrize(
    "wrong",
    [
        {"acks": 1},
        {"acks": 2, "idempotence": False},
        {"in_flight": 6},
        {"in_flight": 0},
        {"request_bytes": 0},
        {"timeout_s": 0},
        {"timeout_s": float("nan")},
    ],
)
def test_delivery_that_cannot_be(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=f"^{next(iter(wrong))}"):
        Delivery(**wrong)


def test_without_idempotence_more_may_be_in_flight() -> None:
    assert Delivery(idempotence=False, acks=1, in_flight=64).in_flight == 64


@pytest.mark.parametrize(
    "wrong", [{"isolation": "dirty"}, {"response_bytes": 0}, {"partition_bytes": 2**31}, {"timeout_s": -1}]
)
def test_reading_that_cannot_be(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=f"^{next(iter(wrong))}"):
        Reading(**wrong)


@pytest.mark.parametrize(
    "position",
    [
        0,
        np.int64(5),
        "earliest",
        "latest",
        datetime(2024, 1, 1, tzinfo=UTC),
        np.datetime64("2024-01-01"),
        {0: 3, 1: "latest"},
    ],
)
def test_positions(position: Any) -> None:
    check_positions("start", position)


@pytest.mark.parametrize("position", [-1, {0: -2}, datetime(2024, 1, 1), np.datetime64("NaT")])
def test_positions_out_of_range(position: Any) -> None:
    with pytest.raises(ValueError, match=r"^start"):
        check_positions("start", position)


@pytest.mark.parametrize("position", ["newest", None, 1.5, True, {0: None}])
def test_positions_of_the_wrong_kind(position: Any) -> None:
    with pytest.raises(TypeError, match=r"^start"):
        check_positions("start", position)


@pytest.mark.parametrize("us", [0, 542506294550_000, 1, 999, 1000, 1_700_000_000_000_001])
def test_moments_are_exact_and_rounded_up(us: int) -> None:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=us)
    expected = -(-us // 1000)
    assert _timestamp("start", moment) == _timestamp("start", np.datetime64(us, "us")) == expected


@pytest.mark.parametrize("buffer_bytes", [0, -1])
def test_a_buffer_that_holds_nothing_is_refused_instead_of_waited_for(buffer_bytes: int) -> None:
    with pytest.raises(ValueError, match="buffer_bytes: expected at least 1"):
        bulk.produce("127.0.0.1:1", "t", pa.table({"value": [b""]}), buffer_bytes=buffer_bytes)
