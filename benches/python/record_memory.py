"""Peak memory of one form of encode or decode, in a process of its own: `record_memory.py FORM MIB FILE`."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import pyarrow as pa

from record_data import MIB, values_of
from skylog import records

RECORD_BYTES = 1024
FORMS = ("encode", "iter_encode", "decode", "iter_decode", "iter_decode (file)")


def run(forms: Iterable[str], mib: int, path: Path) -> list[dict[str, object]]:
    """Measure each form in a process of its own; `path` is a file that batches are kept in meanwhile."""
    with path.open("wb") as out:
        for piece in records.iter_encode(values_of(RECORD_BYTES, mib * MIB).array):
            out.write(piece)
    command = [sys.executable, __file__]
    measured = [
        subprocess.run([*command, form, str(mib), str(path)], check=True, capture_output=True)
        for form in forms
    ]
    path.unlink()
    return [json.loads(done.stdout) for done in measured]


def measure(form: str, mib: int, path: Path) -> dict[str, object]:
    """Return the input's size and what the peak lay above the memory that held the input, in MiB."""
    source, work = _prepared(form, mib, path)
    pa.default_memory_pool().release_unused()
    Path("/proc/self/clear_refs").write_text("5")
    before = _status_mib("VmRSS")
    work()
    above = _status_mib("VmHWM") - before
    input_mib = (source if isinstance(source, int) else len(source)) / MIB
    return {
        "form": form,
        "input_mib": round(input_mib),
        "above_mib": round(above, 1),
        "times_input": round(1 + above / input_mib, 3),
    }


def _prepared(form: str, mib: int, path: Path) -> tuple[bytes | int, Callable[[], object]]:
    if form.endswith("encode"):
        values = values_of(RECORD_BYTES, mib * MIB)
        if form == "encode":
            return values.value_bytes, lambda: records.encode(values.array)
        return values.value_bytes, lambda: _drain(records.iter_encode(values.array))
    if form == "iter_decode (file)":
        return path.stat().st_size, lambda: _drain(records.iter_decode(path))
    source = path.read_bytes()
    if form == "decode":
        return source, lambda: records.decode(source)
    return source, lambda: _drain(records.iter_decode(source))


def _drain(pieces: Iterable[object]) -> None:
    for _ in pieces:
        pass


def _status_mib(field: str) -> float:
    found = re.search(rf"{field}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found is not None
    return int(found[1]) / 1024


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))))
