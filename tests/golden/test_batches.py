"""What real clients wrote is taken, searched and given back as they meant it."""

from __future__ import annotations

from pathlib import Path

import pytest
from kafka.record import MemoryRecords

from oracle.batch import Rules
from oracle.produce import TOPIC_ID, error_code, produce, seal
from oracle.segment_reader import read_segment
from skylog.core import find_max_timestamp, find_timestamp, verify_segment

TIME = 1_700_000_000_000
FILES = sorted((Path(__file__).parent / "batches").glob("*.bin"))
NAMES = [file.stem for file in FILES]
TIMES = [TIME, TIME + 5, TIME + 2]
SMALL = [(b"k1", b"v" * 1_000), (None, b""), (b"", None)]
BLOCKS = [(b"k%d" % number, b"v" * 100_000) for number in range(3)]
KCAT = [(b"k1", b"v" * 1_000), (b"k2", b"x"), (b"k3", b"y")]


def meant(name: str) -> list[tuple[bytes | None, bytes | None]]:
    if name.startswith("kcat"):
        return KCAT
    return BLOCKS if "blocks" in name else SMALL


def test_every_client_with_every_codec_is_there() -> None:
    clients = {name.rsplit("-", 1)[0] for name in NAMES}
    assert clients == {"java", "java-blocks", "librdkafka", "kcat", "kafka-python", "aiokafka"}
    assert len(NAMES) == 5 * 5 + 4


@pytest.mark.parametrize("file", FILES, ids=NAMES)
def test_a_clients_batch_is_taken_and_given_back(file: Path) -> None:
    batch = file.read_bytes()
    assert error_code(produce(batch, Rules(), version=8)) == 0
    data = seal([(TOPIC_ID, 0, batch)]).data
    assert verify_segment(data) == 1
    (log,) = read_segment(data).logs
    assert data[log.position : log.position + log.size] == batch
    records = list(MemoryRecords(batch).next_batch())
    assert [(record.key, record.value) for record in records] == meant(file.stem)


@pytest.mark.parametrize(
    "file", [file for file in FILES if "kcat" not in file.stem], ids=lambda file: file.stem
)
def test_a_clients_records_are_found_by_time(file: Path) -> None:
    batch = file.read_bytes()
    where = (b"before" + batch, len(b"before"), len(batch), 1_000, -1)
    assert find_timestamp(*where, TIME) == (1_000, TIME)
    assert find_timestamp(*where, TIME + 1) == (1_001, TIME + 5)
    assert find_timestamp(*where, TIME + 6) is None
    assert find_max_timestamp(*where) == (1_001, TIME + 5)
    assert [record.timestamp for record in MemoryRecords(batch).next_batch()] == TIMES


@pytest.mark.parametrize("file", [file for file in FILES if "none" in file.stem], ids=lambda file: file.stem)
def test_a_compacted_topic_refuses_what_has_no_key(file: Path) -> None:
    keyless = any(key is None for key, _ in meant(file.stem))
    assert error_code(produce(file.read_bytes(), Rules(compacted=True))) == (87 if keyless else 0)
