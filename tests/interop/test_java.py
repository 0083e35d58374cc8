"""Apache Kafka's own classes read what we write, and we read what they write."""

from __future__ import annotations

from pathlib import Path

import pytest

from clients.drivers.base import CODECS
from interop import ours
from interop.jvm import read_batches
from interop.samples import SAMPLES, TIME_MS, rows
from skylog.records import inspect, verify

SEQUENCES = 2**31


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("name", SAMPLES)
def test_java_reads_what_we_write(java_files: Path, name: str, codec: str) -> None:
    (batch,) = read_batches(java_files / f"{name}.{codec}.ours.read")
    records = SAMPLES[name]
    latest = max(record.timestamp_ms or 0 for record in records)
    count = len(records)
    fields = (0, count - 1, count, codec, "CreateTime", latest, -1, -1, -1, "false", "false")
    assert batch.fields == tuple(map(str, fields))
    assert batch.rows == rows(records)


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("name", SAMPLES)
def test_we_read_what_java_writes(java_files: Path, name: str, codec: str) -> None:
    written = (java_files / f"{name}.{codec}.batches").read_bytes()
    assert written[22] & 7 == CODECS.index(codec)
    assert ours.read(written) == rows(SAMPLES[name])
    (batch,) = read_batches(java_files / f"{name}.{codec}.read")
    assert batch.rows == rows(SAMPLES[name])


@pytest.mark.parametrize("codec", CODECS)
def test_java_reads_a_producers_batches_one_after_the_other(java_files: Path, codec: str) -> None:
    batches = read_batches(java_files / f"cut.{codec}.ours.read")
    assert len(batches) > 3
    assert [row for batch in batches for row in batch.rows] == rows(SAMPLES["small"], 1_000)
    sequence = SEQUENCES - 2
    for batch in batches:
        assert batch.fields[6:] == ("4711", "3", str(sequence), "true", "false")
        sequence = (sequence + len(batch.rows)) % SEQUENCES


def test_java_takes_the_time_of_appending_from_the_batch(java_files: Path) -> None:
    (batch,) = read_batches(java_files / "appended.lz4.ours.read")
    assert batch.fields[4:6] == ("LogAppendTime", str(TIME_MS))
    assert {timestamp for _, timestamp, *_ in batch.rows} == {TIME_MS}


def test_without_compression_java_and_we_write_the_same_bytes(java_files: Path) -> None:
    for name in SAMPLES:
        theirs = (java_files / f"{name}.none.batches").read_bytes()
        assert (java_files / f"{name}.none.ours.batches").read_bytes() == theirs, name


def test_we_read_a_log_of_javas_with_transactions_and_after_compaction(java_files: Path) -> None:
    log = (java_files / "log.batches").read_bytes()
    batches = read_batches(java_files / "log.read")
    everything = [row for batch in batches for row in batch.rows]
    assert [row[0] for row in everything] == [0, 1, 2, 3, 4, 5, 10, 13, 17, 18]
    assert ours.read(log, control="keep") == everything
    assert ours.read(log) == [row for row in everything if row[0] not in (4, 5)]
    assert ours.read(log, aborted=[(1, 0)]) == [row for row in everything if row[0] not in (0, 1, 4, 5)]
    assert ours.read(log, offsets=(3, 14)) == [row for row in everything if row[0] in (3, 10, 13)]
    assert verify(log, records=True) == len(batches) == 7


def test_headers_of_a_log_are_as_java_says(java_files: Path) -> None:
    log = (java_files / "log.batches").read_bytes()
    found = [
        (
            str(head["base_offset"]),
            str(head["base_offset"] + head["last_offset_delta"]),
            str(head["record_count"]),
            CODECS[head["codec"]],
            ("CreateTime", "LogAppendTime")[head["timestamp_type"]],
            str(head["max_timestamp"]),
            str(head["producer_id"]),
            str(head["producer_epoch"]),
            str(head["base_sequence"]),
            str(bool(head["is_transactional"])).lower(),
            str(bool(head["is_control"])).lower(),
        )
        for head in inspect(log)
    ]
    assert found == [batch.fields for batch in read_batches(java_files / "log.read")]
