"""The records library beside bytes that were kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from clients.drivers.base import CODECS, Header
from golden.capture_records import HERE, NAMES
from golden.test_batches import FILES, TIMES, meant
from golden.test_batches import NAMES as CAPTURED
from interop import ours
from interop.rivals import AIOKAFKA, KAFKA_PYTHON, Rival
from interop.samples import SAMPLES, rows


@pytest.mark.parametrize("file", FILES, ids=CAPTURED)
def test_a_clients_batch_is_decoded(file: Path) -> None:
    found = ours.read(file.read_bytes())
    assert [(key, value) for _, _, key, value, _ in found] == meant(file.stem)
    assert [offset for offset, *_ in found] == [0, 1, 2]
    assert [row[4] for row in found] == headers_of(file.stem)
    if "kcat" not in file.stem:
        assert [row[1] for row in found] == TIMES


def headers_of(name: str) -> list[tuple[Header, ...]]:
    if "blocks" in name:
        return [(), (), ()]
    if name.startswith("kcat"):
        return [(("h", b"1"),)] * 3
    nulls: tuple[Header, ...] = () if name.startswith("kafka-python") else (("h", None),)
    return [(("h", b"1"), *nulls), (), ()]


@pytest.mark.parametrize("writer", ["java", "skylog"])
@pytest.mark.parametrize(("name", "codec"), NAMES)
def test_what_was_kept_is_decoded(writer: str, name: str, codec: str) -> None:
    data = (HERE / f"{writer}-{name}-{codec}.bin").read_bytes()
    assert data[22] & 7 == CODECS.index(codec)
    assert ours.read(data) == rows(SAMPLES[name])


@pytest.mark.parametrize(("name", "codec"), NAMES)
def test_what_we_write_has_not_changed(name: str, codec: str) -> None:
    kept = (HERE / f"skylog-{name}-{codec}.bin").read_bytes()
    assert ours.write(SAMPLES[name], codec) == kept


@pytest.mark.parametrize("rival", [AIOKAFKA, KAFKA_PYTHON], ids=lambda rival: rival.name)
@pytest.mark.parametrize(("name", "codec"), NAMES)
def test_other_clients_read_what_was_kept(rival: Rival, name: str, codec: str) -> None:
    assert rival.read((HERE / f"skylog-{name}-{codec}.bin").read_bytes()) == rows(SAMPLES[name])


def test_java_and_we_write_the_same_bytes_where_nothing_is_compressed() -> None:
    ours_, theirs = (HERE / f"{writer}-mixed-none.bin" for writer in ("skylog", "java"))
    assert ours_.read_bytes() == theirs.read_bytes()
