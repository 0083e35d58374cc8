"""``skylog bench log`` as people run it, against a broker of its own."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from clients.served import ServedBroker
from clients.waiting import wait_until
from skylog.cli.admin import list_topics
from skylog.cli.client import Client

Serve = Callable[..., ServedBroker]


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "skylog", "bench", "log", *arguments]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(command(*arguments), capture_output=True, text=True, timeout=60, check=False)
    assert "Traceback" not in done.stderr
    return done


def topics(bootstrap: str) -> list[str]:
    with Client(bootstrap) as client:
        return [topic.name for topic in list_topics(client)]


@pytest.mark.parametrize("options", [(), ("--idempotent", "--producers", "2")], ids=["plain", "idempotent"])
def test_every_record_is_timed_and_accounted_for(
    serve: Serve, tmp_path: Path, options: tuple[str, ...]
) -> None:
    broker = serve("--store", "memory:?put_ms=50", "--coordinator", "sqlite::memory:")
    told, page = tmp_path / "log.json", tmp_path / "log.html"
    done = run(
        broker.bootstrap, "--rate", "2000", "--record-bytes", "100", "--partitions", "3", "--fan-out", "2",
        "--seconds", "2", "--warm-up", "0.5", "--json", str(told), "--report", str(page), *options,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(told.read_text())
    assert found["sent"] == found["acknowledged"] == 5000 + 3  # one at first in each partition
    assert found["received"] == 2 * 5003
    assert found["findings"] == []
    assert found["complete"]
    latency = found["latency_ms"]
    assert latency["acknowledged"]["count"] == 4000
    assert latency["end to end"]["count"] == 8000
    assert 50 <= latency["acknowledged"]["p50"] <= latency["end to end"]["p50"]
    assert "Nothing lost, duplicated or reordered." in done.stdout
    assert page.read_text().count("<svg") == 3
    assert topics(broker.bootstrap) == []


def test_the_brokers_processor_time_is_accounted(serve: Serve, tmp_path: Path) -> None:
    broker, told = serve("--memory"), tmp_path / "log.json"
    assert broker._process is not None
    before = broker.cpu_seconds()
    pid = str(broker._process.pid)
    limits = ("--seconds", "1", "--warm-up", "0", "--rate", "5MiB/s")
    run(broker.bootstrap, *limits, "--broker-pid", pid, "--json", str(told))
    spent = json.loads(told.read_text())["broker_cpu_seconds"]
    assert 0 < spent <= broker.cpu_seconds() - before + 0.02


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_at_any_moment_it_leaves_no_topic(
    serve: Serve, tmp_path: Path, number: signal.Signals
) -> None:
    broker, told = serve("--memory"), tmp_path / "log.json"
    load = ("--rate", "1000", "--seconds", "600", "--warm-up", "0")
    process = subprocess.Popen(
        command(broker.bootstrap, *load, "--json", str(told)),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        wait_until(lambda: topics(broker.bootstrap) != [], "the topic")
        process.send_signal(number)
        said, trouble = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == 130, trouble
    assert "Traceback" not in trouble
    assert "Stopped early." in said
    assert json.loads(told.read_text())["stopped"]
    assert topics(broker.bootstrap) == []


def test_a_broker_that_dies_ends_it_with_a_line(serve: Serve) -> None:
    broker = serve("--memory")
    process = subprocess.Popen(
        command(broker.bootstrap, "--rate", "1000", "--seconds", "600"), stderr=subprocess.PIPE, text=True,
        stdout=subprocess.PIPE,
    )  # fmt: skip
    try:
        wait_until(lambda: topics(broker.bootstrap) != [], "the topic")
        broker.kill()
        _, trouble = process.communicate(timeout=90)
    finally:
        process.kill()
    assert process.returncode == 1
    assert "Traceback" not in trouble
    assert re.search(r"topic skylog-bench-\w+ was not deleted", trouble)
    assert "skylog: " in trouble


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["127.0.0.1:1"], "Start one with `skylog serve`"),
        (["a b"], "bootstrap: expected HOST:PORT"),
        (["127.0.0.1:1", "--rate", "fast"], "--rate: expected"),
        (["127.0.0.1:1", "--rate", "1GiB/s", "--seconds", "60"], "--bytes-max: expected at most 32.0 GiB"),
        (["127.0.0.1:1", "--in-flight", "9", "--idempotent"], "--in-flight: expected 1 to 5"),
    ],
)
def test_errors_are_one_line_that_says_what_to_do(arguments: list[str], message: str) -> None:
    done = run(*arguments)
    assert done.returncode == 1
    [line] = [line for line in done.stderr.splitlines() if line.startswith("skylog: ")]
    assert message in line


def test_a_process_that_is_not_there_is_named(serve: Serve) -> None:
    done = run(serve("--memory").bootstrap, "--broker-pid", str(2**22 + os.getpid()), "--seconds", "1")
    assert done.returncode == 1
    assert "--broker-pid" in done.stderr
