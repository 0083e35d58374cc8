"""Write `records/` anew: `PYTHONPATH=tests python tests/golden/capture_records.py`, with a JDK and Maven."""

from __future__ import annotations

import tempfile
from pathlib import Path

from clients.drivers.base import CODECS
from interop import jvm, ours
from interop.samples import SAMPLES

HERE = Path(__file__).parent / "records"
NAMES = [("mixed", codec) for codec in CODECS] + [("blocks", codec) for codec in CODECS[1:]]


def main() -> None:
    """Write what Java and skylog make of the samples."""
    HERE.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        directory = Path(scratch)
        for name in {name for name, _ in NAMES}:
            jvm.write_records(directory / f"{name}.records", SAMPLES[name])
        jvm.run(directory)
        for name, codec in NAMES:
            written = (directory / f"{name}.{codec}.batches").read_bytes()
            (HERE / f"java-{name}-{codec}.bin").write_bytes(written)
            (HERE / f"skylog-{name}-{codec}.bin").write_bytes(ours.write(SAMPLES[name], codec))


if __name__ == "__main__":
    main()
