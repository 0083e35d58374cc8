"""Files that went through Java, once for all tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from clients.drivers.base import CODECS
from interop import jvm, ours
from interop.samples import SAMPLES, TIME_MS

PRODUCER = {"producer_id": 4_711, "producer_epoch": 3, "base_sequence": 2**31 - 2, "transactional": True}


@pytest.fixture(scope="session")
def java_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory where Java has read what we wrote, NAME.CODEC.ours, and written the samples, NAME.CODEC."""
    if jvm.MISSING:
        pytest.skip(f"Apache Kafka's record classes need a JDK and Maven: no {', '.join(jvm.MISSING)}")
    directory = tmp_path_factory.mktemp("java")
    for name, records in SAMPLES.items():
        jvm.write_records(directory / f"{name}.records", records)
        for codec in CODECS:
            (directory / f"{name}.{codec}.ours.batches").write_bytes(ours.write(records, codec))
    small = SAMPLES["small"]
    for codec in CODECS:
        cut = ours.write(small, codec, base_offset=1_000, max_batch_bytes=4_096, **PRODUCER)
        (directory / f"cut.{codec}.ours.batches").write_bytes(cut)
    appended = ours.write(small, "lz4", timestamp_type="append", timestamps=TIME_MS)
    (directory / "appended.lz4.ours.batches").write_bytes(appended)
    jvm.run(directory)
    return directory
