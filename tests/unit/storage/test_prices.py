from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from skylog.errors import InvalidConfig
from skylog.storage.prices import GB_BYTES, PriceSheet, load_prices, parse_prices, sheet_names

SMALLEST = """
name = "here"
region = "cellar"
as_of = 2025-06-01
put_per_1000 = 5
get_per_1000 = 0.5
list_per_1000 = 4
storage_per_gb_month = 0.01
"""


def test_the_sheets_that_come_with_it() -> None:
    assert sheet_names() == ["aws", "aws-express", "azure", "gcp", "none"]


@pytest.mark.parametrize("name", sheet_names())
def test_every_sheet_loads_and_says_where_it_is_from(name: str) -> None:
    sheet = load_prices(name)
    assert sheet.name
    assert sheet.region
    assert sheet.as_of >= date(2025, 1, 1)
    assert sheet.delete_per_1000 == 0
    assert name == "none" or all(source.startswith("https://") for source in sheet.sources)
    assert bool(sheet.sources) == (name != "none")


@pytest.mark.parametrize("name", ["aws", "gcp", "azure"])
def test_a_put_costs_about_ten_times_a_get(name: str) -> None:
    """Guards against a slip of the point, or prices per 10,000 taken for those per 1,000."""
    sheet = load_prices(name)
    assert 10 <= sheet.put_per_1000 / sheet.get_per_1000 <= 20
    assert 0.004 <= sheet.put_per_1000 <= 0.008
    assert 0.015 <= sheet.storage_per_gb_month <= 0.03
    assert 2 <= sheet.disk_per_gb_month / sheet.storage_per_gb_month <= 6


def test_a_gigabyte_between_zones_is_billed_at_both_ends_only_by_amazon() -> None:
    assert [load_prices(name).cross_zone_per_gb for name in ("aws", "gcp", "azure")] == [0.02, 0.01, 0]


def test_requests_are_priced_by_the_thousand() -> None:
    sheet = PriceSheet("s", "r", date(2025, 6, 1), 5, 0.5, 4, 0, delete_per_1000=1)
    assert sheet.request_dollars(puts=1000) == 5
    assert sheet.request_dollars(puts=200, gets=2000, lists=500, deletes=1000) == 1 + 1 + 2 + 1


def test_bytes_are_priced_by_the_gibibyte() -> None:
    sheet = PriceSheet("s", "r", date(2025, 6, 1), 0, 0, 0, 0, upload_per_gb=3, retrieval_per_gb=2)
    assert sheet.transfer_dollars(put_bytes=GB_BYTES, get_bytes=2 * GB_BYTES) == 7


def test_a_file_of_ones_own(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(SMALLEST + 'sources = ["the contract"]\n')
    sheet = load_prices(str(file))
    assert (sheet.name, sheet.put_per_1000, sheet.sources) == ("here", 5, ("the contract",))
    assert sheet.cross_zone_per_gb == 0


def test_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InvalidConfig, match=r"expected aws, .*or a FILE\.toml, found 'amazon'"):
        load_prices("amazon")
    with pytest.raises(InvalidConfig, match=r"prices .*no\.toml: cannot be read: No such file"):
        load_prices(str(tmp_path / "no.toml"))


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_bytes(b"name = '\xff'")
    with pytest.raises(InvalidConfig, match=r"mine\.toml: expected text in UTF-8"):
        load_prices(str(file))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("put_per_1000", '"0.005"'),
        ("put_per_1000", "true"),
        ("get_per_1000", "-1"),
        ("storage_per_gb_month", "inf"),
        ("storage_per_gb_month", "nan"),
        ("as_of", '"June"'),
        ("as_of", "2025-06-01T00:00:00"),
        ("region", "7"),
        ("sources", '"page"'),
        ("sources", "[7]"),
        ("disk_per_gb_month", "[]"),
    ],
)
def test_errors_name_the_file_and_the_field(field: str, value: str) -> None:
    lines = [line for line in SMALLEST.splitlines() if not line.startswith(field)]
    with pytest.raises(InvalidConfig, match=rf"^prices mine\.toml: {field}: expected .*, found "):
        parse_prices("\n".join([*lines, f"{field} = {value}"]), "mine.toml")


def test_a_field_too_many_and_one_too_few() -> None:
    with pytest.raises(InvalidConfig, match=r"mine\.toml: puts: expected one of name, region"):
        parse_prices(SMALLEST + "puts = 1", "mine.toml")
    with pytest.raises(InvalidConfig, match=r"mine\.toml: region: expected a value, found none"):
        parse_prices(SMALLEST.replace("region =", "# region ="), "mine.toml")
    with pytest.raises(InvalidConfig, match=r"prices mine\.toml: .*line 1"):
        parse_prices("name = \n", "mine.toml")
