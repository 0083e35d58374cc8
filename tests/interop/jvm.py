"""Apache Kafka's own reader and writer of batches, in one start of a JVM for all files."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from clients.drivers.base import Record
from interop.samples import Row, rows

HERE = Path(__file__).parent / "java"
CLASSPATH = Path(__file__).parents[2] / "target" / "interop" / "classpath"
WAIT_SECONDS = 170
MISSING = [name for name in ("javac", "mvn") if shutil.which(name) is None]


@dataclass(frozen=True)
class Batch:
    """What Java says of one batch and its records."""

    fields: tuple[str, ...]
    rows: list[Row]


def run(directory: Path) -> None:
    """Write and read what stands in `directory`, as JavaRecords.java says."""
    program = str(HERE / "JavaRecords.java")
    _checked(["java", "-XX:TieredStopAtLevel=1", "-cp", _classpath(), program, str(directory)])


def write_records(file: Path, records: Sequence[Record]) -> None:
    """Write records as Java takes them."""
    file.write_text("".join(f"{_line(row)}\n" for row in rows(records)))


def read_batches(file: Path) -> list[Batch]:
    """Return what Java found; it leaves nothing unread."""
    *lines, left = file.read_text().splitlines()
    assert left == "left 0", left
    batches: list[Batch] = []
    for line in lines:
        if line.startswith("batch "):
            batches.append(Batch(tuple(line.split()[1:]), []))
        else:
            batches[-1].rows.append(_row(line))
    return batches


def _classpath() -> str:
    """Kafka's client and codecs as Maven finds them; kept, Maven takes seconds to look."""
    pom = HERE / "pom.xml"
    if CLASSPATH.exists() and CLASSPATH.stat().st_mtime > pom.stat().st_mtime:
        found = CLASSPATH.read_text()
        if all(Path(jar).exists() for jar in found.split(":")):
            return found
    CLASSPATH.parent.mkdir(parents=True, exist_ok=True)
    goal = ["dependency:build-classpath", f"-Dmdep.outputFile={CLASSPATH}"]
    _checked(["mvn", "--batch-mode", "--quiet", "--file", str(pom), *goal])
    return CLASSPATH.read_text()


def _checked(command: Sequence[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=WAIT_SECONDS, check=False)
    assert done.returncode == 0, f"{command[0]}: {done.stdout}{done.stderr}"


def _line(row: Row) -> str:
    offset, timestamp, key, value, headers = row
    fields = [str(offset), str(timestamp), _text(key), _text(value)]
    for name, content in headers:
        fields += [_text(name.encode()), _text(content)]
    return " ".join(fields)


def _row(line: str) -> Row:
    offset, timestamp, key, value, *headers = line.split(" ")
    names = [(_bytes(name) or b"").decode() for name in headers[::2]]
    pairs = zip(names, map(_bytes, headers[1::2]), strict=True)
    return int(offset), int(timestamp), _bytes(key), _bytes(value), tuple(pairs)


def _text(data: bytes | None) -> str:
    return "~" if data is None else f"={data.hex()}"


def _bytes(text: str) -> bytes | None:
    return None if text == "~" else bytes.fromhex(text[1:])
