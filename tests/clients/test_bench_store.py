"""``skylog bench store`` as people run it: what it writes, and that it leaves nothing, whatever happens."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from clients.waiting import wait_until
from stores.seaweed import SeaweedFS

GRID = ("--sizes", "4KiB,64KiB", "--concurrency", "1,4")


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "skylog", "bench", "store", *arguments]


def files(directory: Path) -> list[Path]:
    return [path for path in directory.rglob("*") if path.is_file()]


def test_it_measures_writes_reports_and_leaves_nothing(tmp_path: Path) -> None:
    objects, told, page = tmp_path / "objects", tmp_path / "bench.json", tmp_path / "bench.html"
    limits = ("--seconds", "3", "--throughput", "0.1")
    done = subprocess.run(
        command(f"file://{objects}", *GRID, *limits, "--json", str(told), "--report", str(page)),
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert files(objects) == []
    cells = json.loads(told.read_text())["cells"]
    assert {cell["kind"] for cell in cells} == {"put", "get", "range", "list", "delete"}
    assert all(cell["requests"] and not cell["failed"] for cell in cells)
    for text in ("ranged GET", "PUTs a second", "segment_bytes_target", "p99.9 ms"):
        assert text in done.stdout
    assert "<svg" in page.read_text()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_at_any_moment_it_leaves_nothing(tmp_path: Path, number: signal.Signals) -> None:
    objects, told = tmp_path / "objects", tmp_path / "bench.json"
    process = subprocess.Popen(
        command(f"file://{objects}?put_ms=20", *GRID, "--seconds", "600", "--json", str(told)),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        wait_until(lambda: len(files(objects)) > 20, "objects in the store")
        process.send_signal(number)
        said, trouble = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == 130
    assert "Traceback" not in trouble
    assert "Stopped early." in said
    assert json.loads(told.read_text())["stopped"]
    assert files(objects) == []


def test_a_real_s3_server_is_measured_and_left_as_it_was(seaweedfs: SeaweedFS, tmp_path: Path) -> None:
    seaweedfs.endpoint.create_bucket("benched")
    told = tmp_path / "bench.json"
    environment = {**os.environ, **seaweedfs.endpoint.keys.environment}
    process = subprocess.Popen(
        command(seaweedfs.endpoint.store_url("benched", "x"), *GRID, "--seconds", "600", "--json", str(told)),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment,
    )  # fmt: skip
    try:
        wait_until(lambda: len(listed(seaweedfs)) > 20, "objects in the store")
        process.send_signal(signal.SIGINT)
        _, trouble = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130, trouble
    [first, *_] = json.loads(told.read_text())["cells"]
    assert first["requests"] > 10
    assert first["failed"] == 0
    assert listed(seaweedfs) == []


def listed(server: SeaweedFS) -> list[str]:
    client = server.endpoint.client()
    try:
        found = client.list_objects_v2(Bucket="benched")
    finally:
        client.close()
    return [each["Key"] for each in found.get("Contents", ())]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nothing:"], "expected memory:"),
        (["memory:", "--sizes", "big"], "--sizes: expected a size such as"),
        (["memory:", "--concurrency", "many"], "--concurrency: expected numbers such as"),
        (["memory:", "--bytes-max", "1MiB"], "--bytes-max: expected at least twice the largest size"),
        (["memory:", "--prices", "cheap"], "prices: expected aws"),
        (["file:///proc/none/objects"], "/proc/none"),
    ],
)
def test_errors_are_one_line_that_says_what_to_do(arguments: list[str], message: str) -> None:
    done = subprocess.run(command(*arguments), capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    [line] = [line for line in done.stderr.splitlines() if line.startswith("skylog: ")]
    assert message in line
