"""What all generators send: lines of text of one size, the same bytes for everybody."""

from __future__ import annotations

from pathlib import Path

from record_data import events

POOL_BYTES = 8 << 20


def payload(directory: Path, record_bytes: int) -> Path:
    """Return a file with one record a line; made once a run, of a fixed seed."""
    path = directory / f"payload-{record_bytes}.txt"
    if not path.exists():
        directory.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"\n".join(events(record_bytes, POOL_BYTES // record_bytes)))
    return path


def records(path: Path) -> list[bytes]:
    """Return the records of a payload file."""
    return path.read_bytes().split(b"\n")
