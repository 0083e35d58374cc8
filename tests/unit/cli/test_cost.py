"""`skylog cost` as people call it: figures, refusals, the same figures as JSON and as a picture."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner, Result

from skylog.cli.app import app

REPORT = {
    "seconds": 3600.0,
    "puts": 3600,
    "put_bytes": 3600 << 20,
    "gets": 36,
    "get_bytes": 36 << 20,
    "lists": 16,
    "deletes": 0,
    "failures": 0,
}
SVG = "{http://www.w3.org/2000/svg}"


def cost(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["cost", *arguments])


def said(*arguments: str) -> str:
    result = cost(*arguments)
    assert result.exit_code == 0, result.output
    return result.output


def document(*arguments: str) -> dict[str, Any]:
    found = json.loads(said(*arguments, "--json"))
    assert isinstance(found, dict)
    return found


def refusal(*arguments: str) -> str:
    result = cost(*arguments)
    assert result.exit_code != 0
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return " ".join(re.sub(r"\x1b\[[0-9;]*m|[─│╭╮╰╯]", " ", result.output).split())


@pytest.fixture
def report(tmp_path: Path) -> Path:
    path = tmp_path / "report.json"
    path.write_text(json.dumps(REPORT))
    return path


def test_it_says_the_load_the_prices_and_their_date_and_the_bill() -> None:
    text = said(
        "--throughput", "50MiB/s", "--retention", "7d", "--zones", "3", "--fan-out", "3", "--prices", "aws"
    )
    assert "A month of 50.0 MiB/s, kept 7 d, read by 3 groups, in 3 zones" in text
    assert "Amazon S3 Standard, us-east-1, as of 2025-06-01; check them at" in text
    assert "https://aws.amazon.com/s3/pricing/" in text
    assert "3 brokers, 12 PUTs/s of 4.2 MiB, 7,257,600 objects" in text
    assert re.search(r"PUT +31,536 thousand +\$0\.005 +\$158", text)
    assert re.search(r"total +\$942 +\$7,885 +\$16,969 +\$22,102", text)
    assert "skylog costs 12% of the cheapest classic cluster and 4% of the dearest" in text
    assert "Not counted on any side: machines" in text


def test_the_dollars_of_json_are_those_of_the_tables() -> None:
    found = document("--throughput", "50MiB/s", "--fan-out", "3")
    assert found["prices"]["as_of"] == "2025-06-01"
    assert found["month_seconds"] == 730 * 3600
    assert found["workload"]["produce_bytes_per_second"] == 50 << 20
    assert [round(candidate["dollars"]) for candidate in found["candidates"]] == [942, 7885, 16969, 22102]
    for candidate in found["candidates"]:
        assert sum(line["dollars"] for line in candidate["lines"]) == pytest.approx(candidate["dollars"])


def test_every_option_reaches_the_model() -> None:
    found = document(
        *(
            "--throughput",
            "1MB/s",
            "--retention",
            "12h",
            "--zones",
            "2",
            "--fan-out",
            "1.5",
            "--brokers",
            "4",
        ),
        *("--compression", "4", "--put-rate", "2", "--linger", "300ms", "--segment-size", "1MiB"),
        *("--cache-hit", "0.5", "--gets-per-segment", "1.5", "--no-zone-aware"),
    )
    assert found["workload"] == {
        "produce_bytes_per_second": 1e6,
        "compression": 4,
        "retention_s": 43_200,
        "zones": 2,
        "brokers": 4,
        "fan_out": 1.5,
        "put_rate_per_second": 2,
        "linger_ms": 300,
        "segment_bytes_target": 1 << 20,
        "gets_per_segment_and_zone": 1.5,
        "cache_hit_share": 0.5,
        "zone_aware": False,
    }


def test_what_if_is_the_same_as_asking_again() -> None:
    found = document("--throughput", "50MiB/s", "--what-if", "put-rate=1,4", "--what-if", "retention=1d,30d")
    assert [question["name"] for question in found["what_if"]] == ["put-rate", "retention"]
    one, four = found["what_if"][0]["variations"]
    assert (one["value"], four["value"]) == (1, 4)
    assert four["dollars"] == found["candidates"][0]["dollars"]
    alone = document("--throughput", "50MiB/s", "--put-rate", "1")
    assert one["lines"] == alone["candidates"][0]["lines"]
    assert one["classic_dollars"] == alone["candidates"][1]["dollars"]


def test_what_if_has_a_table_that_fits_80_columns() -> None:
    text = said("--throughput", "50MiB/s", "--what-if", "zones=1,2,3", "--what-if", "segment-size=1MiB,8MiB")
    tables = text[text.index("What if zones were") :]
    assert "What if segment-size were" in tables
    assert max(len(line.rstrip()) for line in tables.splitlines()) <= 80
    assert re.search(r"8\.0 MiB +12 +4\.2 MiB", text)


def test_a_report_is_taken_to_a_month(report: Path) -> None:
    found = document("--from", str(report), "--retention", "1d")
    assert found["observed"]["seconds"] == 3600
    usage = found["candidates"][0]["usage"]
    assert usage["puts"] == 3600 * 730
    assert usage["gets"] == 36 * 730
    assert usage["stored_bytes"] == (1 << 20) * 86_400
    assert found["workload"]["brokers"] == 1
    text = said("--from", str(report), "--brokers", "3", "--what-if", "put-rate=1,4")
    assert "observed  1 h of one broker, taken as the mean of a month" in text
    assert "3 brokers, 3 PUTs/s of 1.0 MiB, as observed" in text
    assert "that is short" not in text
    assert "What if put-rate were" in text


def test_a_short_observation_is_called_short(report: Path) -> None:
    report.write_text(json.dumps({**REPORT, "seconds": 12.0}))
    assert "that is short: let it run for 10 min and more" in said("--from", str(report))


def test_a_price_file_of_ones_own(tmp_path: Path) -> None:
    prices = tmp_path / "mine.toml"
    prices.write_text(
        'name = "cellar"\nregion = "home"\nas_of = 2026-01-01\n'
        "put_per_1000 = 1\nget_per_1000 = 0\nlist_per_1000 = 0\nstorage_per_gb_month = 0\n"
    )
    found = document("--throughput", "1MiB/s", "--brokers", "1", "--prices", str(prices))
    assert found["prices"]["name"] == "cellar"
    assert found["candidates"][0]["dollars"] == pytest.approx(4 * 2_628_000 / 1000)


def test_without_prices_there_is_nothing_to_compare() -> None:
    assert "there is nothing to compare" in said("--throughput", "1MiB/s", "--prices", "none")


def test_the_picture_has_the_same_totals(tmp_path: Path) -> None:
    chart = tmp_path / "cost.svg"
    text = said("--throughput", "50MiB/s", "--fan-out", "3", "--chart", str(chart))
    assert f"chart written to {chart}" in text
    root = ElementTree.parse(chart).getroot()
    texts = {"".join(found.itertext()) for found in root.iter(f"{SVG}text")}
    assert {"$942", "$7,885", "$16,969", "$22,102", "skylog", "between zones"} <= texts


def test_json_stays_json_with_a_picture(tmp_path: Path) -> None:
    assert document("--throughput", "1MiB/s", "--chart", str(tmp_path / "cost.svg"))["candidates"]
    assert (tmp_path / "cost.svg").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "expected a rate such as 50MiB/s, or --from FILE"),
        (["--throughput", "fast"], "--throughput: expected a rate such as 50MiB/s or 800KB/s, found 'fast'"),
        (["--throughput", "1MB", "--retention", "7"], "--retention: expected a time with its unit"),
        (["--throughput", "1MB", "--zones", "many"], "--zones: expected a whole number, found 'many'"),
        (["--throughput", "1MB", "--zones", "0"], "skylog: zones: expected at least 1, found 0"),
        (["--throughput", "1MB", "--fan-out", "x"], "--fan-out: expected a number, found 'x'"),
        (["--throughput", "1MB", "--fan-out", "nan"], "skylog: fan_out: expected 0 or more, found nan"),
        (["--throughput", "1MB", "--what-if", "speed=1"], "--what-if: expected NAME=VALUE,VALUE"),
        (["--throughput", "1MB", "--what-if", "zones"], "--what-if: expected NAME=VALUE,VALUE"),
        (
            ["--throughput", "1MB", "--what-if", "zones=1,,3"],
            "--what-if zones: expected a whole number, found ''",
        ),
        (["--throughput", "1MB", "--what-if", "zones=0"], "skylog: zones: expected at least 1"),
        (["--throughput", "1MB", "--prices", "amazon"], "skylog: prices: expected aws, aws-express,"),
        (["--throughput", "1MB", "--prices", "no.toml"], "skylog: prices no.toml: cannot be read"),
        (
            ["--throughput", "1MB", "--chart", "/no/where.svg"],
            "skylog: --chart /no/where.svg: cannot be written",
        ),
        (["--from", "no.json"], "skylog: --from no.json: cannot be read: No such file"),
        (["--from", "no.json", "--throughput", "1MB"], "--throughput: is what the report says"),
        (["--from", "no.json", "--compression", "2"], "--compression: is what the report says"),
    ],
)
def test_what_cannot_be_is_said_plainly(
    arguments: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert message in refusal(*arguments)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "expected JSON"),
        ("{", "expected JSON"),
        ("[]", "expected the report of a broker"),
        ('{"seconds": 5}', "puts: expected a number, 0 or more, found None"),
    ],
)
def test_what_is_no_report(content: str, message: str, report: Path) -> None:
    report.write_text(content)
    assert message in refusal("--from", str(report))


def test_a_report_that_is_no_text(report: Path) -> None:
    report.write_bytes(b"\xff\xfe")
    assert "expected JSON" in refusal("--from", str(report))
