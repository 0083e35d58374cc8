"""What a real broker counted, as money."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from confluent_kafka import Producer

from clients.served import ServedBroker


def test_the_report_of_a_broker_becomes_a_bill(serve: Callable[..., ServedBroker], tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    broker = serve("--report", str(report))
    producer = Producer({"bootstrap.servers": broker.bootstrap})
    producer.produce("billed", b"x" * 10_000)
    assert producer.flush(30) == 0
    assert broker.stop() == 0
    counted = json.loads(report.read_text())

    command = [sys.executable, "-m", "skylog", "cost", "--from", str(report), "--prices", "aws", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    found = json.loads(done.stdout)
    a_month = 730 * 3600 / counted["seconds"]
    assert counted["puts"] == 1
    assert counted["put_bytes"] > 10_000
    [put] = [line for line in found["candidates"][0]["lines"] if line["name"] == "PUT"]
    assert put["dollars"] == pytest.approx(a_month * 0.005 / 1000)
    assert found["candidates"][0]["usage"]["put_bytes"] == pytest.approx(counted["put_bytes"] * a_month)
