from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from skylog.cost.bill import LINES, bill_of
from skylog.cost.usage import Usage
from skylog.storage.prices import PriceSheet, load_prices

GIB = 1 << 30

PRICES = PriceSheet(
    name="here",
    region="cellar",
    as_of=date(2025, 6, 1),
    put_per_1000=5,
    get_per_1000=0.5,
    list_per_1000=4,
    delete_per_1000=2,
    storage_per_gb_month=0.1,
    upload_per_gb=0.01,
    retrieval_per_gb=0.02,
    cross_zone_out_per_gb=0.03,
    cross_zone_in_per_gb=0.04,
    disk_per_gb_month=0.2,
)
USAGE = Usage(
    puts=10_000,
    gets=20_000,
    lists=3_000,
    deletes=500,
    put_bytes=100 * GIB,
    get_bytes=200 * GIB,
    stored_bytes=1_000 * GIB,
    cross_zone_bytes=100 * GIB,
    disk_bytes=50 * GIB,
)


def test_every_line_by_hand() -> None:
    dollars = {line.name: line.dollars for line in bill_of(USAGE, PRICES).lines}
    assert dollars == pytest.approx(
        {
            "PUT": 50,
            "GET": 10,
            "LIST": 12,
            "DELETE": 1,
            "storage": 100,
            "store traffic": 1 + 4,
            "between zones": 7,
            "disks": 10,
        }
    )
    assert bill_of(USAGE, PRICES).dollars == pytest.approx(195)


def test_what_a_line_says_of_itself() -> None:
    line = bill_of(USAGE, PRICES).line("GET")
    assert (line.amount, line.unit, line.unit_dollars) == (20, "thousand", 0.5)
    line = bill_of(USAGE, PRICES).line("storage")
    assert (line.amount, line.unit, line.unit_dollars) == (1_000, "GB-months", 0.1)


def test_lines_stand_in_their_order_also_when_there_is_nothing() -> None:
    assert tuple(line.name for line in bill_of(Usage(), PRICES).lines) == LINES
    assert bill_of(Usage(), PRICES).dollars == 0


def test_no_prices_no_dollars() -> None:
    assert bill_of(replace(USAGE, disk_bytes=0), load_prices("none")).dollars == 0
