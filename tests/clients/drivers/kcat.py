"""kcat, as Debian ships it on an old librdkafka: one process a call."""

from __future__ import annotations

import itertools
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence

from clients.drivers.base import WAIT_SECONDS, Event, Membership, ProduceError, Received, Record

PROGRAM = shutil.which("kcat") or shutil.which("kafkacat")
_KEY_END = "\x1f"
_RECORD_END = b"\x1e"
_FORMAT = r"%p %o %T %K %S\n%k%s%h\n"


class KcatDriver:
    """kcat. It cannot set times, and tells nulls from empty strings only one process at a time."""

    name = "kcat"
    null_headers = True

    def produce(
        self,
        bootstrap: str,
        topic: str,
        records: Sequence[Record],
        *,
        codec: str = "none",
        partition: int = 0,
        idempotent: bool = False,
    ) -> None:
        for (headers, nulls), run in itertools.groupby(records, key=_how):
            options = ["-P", "-t", topic, "-p", str(partition), "-z", codec, "-K", _KEY_END]
            options += ["-D", _RECORD_END.decode(), "-X", "message.max.bytes=4194304"]
            options += ["-X", f"enable.idempotence={str(idempotent).lower()}"]
            options += ["-Z"] if nulls else []
            for name, value in headers:
                options += ["-H", name if value is None else f"{name}={value.decode()}"]
            _run(bootstrap, options, _RECORD_END.join(map(_line, run)))

    def consume(self, bootstrap: str, topic: str, count: int, *, partition: int = 0) -> list[Received]:
        options = [
            "-C",
            "-q",
            "-t",
            topic,
            "-p",
            str(partition),
            "-o",
            "beginning",
            "-c",
            str(count),
            "-f",
            _FORMAT,
        ]
        return list(_parse(_run(bootstrap, options)))

    def offsets_at(
        self, bootstrap: str, topic: str, partition: int, times: Sequence[int]
    ) -> list[int | None]:
        # kcat folds queries of one partition into one: ask for each by itself.
        answers = [_run(bootstrap, ["-Q", "-t", f"{topic}:{partition}:{time}"]) for time in times]
        return [_query_offset(answer.decode()) for answer in answers]

    def member_command(self, membership: Membership) -> list[str]:
        """Return the command of a group member that prints what it reads."""
        settings = {
            "auto.offset.reset": "earliest",
            "session.timeout.ms": membership.session_ms,
            "heartbeat.interval.ms": membership.session_ms // 4,
            # Only rebalances commit: a timer may fire between reading a record and printing it.
            "auto.commit.interval.ms": 3_600_000,
        }
        options = [part for name, value in settings.items() for part in ("-X", f"{name}={value}")]
        return [
            *_program(membership.bootstrap),
            *options,
            "-u",
            "-f",
            r"%p %o %s\n",
            "-G",
            membership.group,
            membership.topic,
        ]

    def member_event(self, line: str) -> Event | None:
        """Return what a line on the member's output or error output tells, if anything."""
        if line.startswith("%"):
            found = re.search(r"(assigned|revoked): (.*)", line)
            return {found[1]: [int(n) for n in re.findall(r"\[(\d+)\]", found[2])]} if found else None
        partition, offset, value = line.split(" ", 2)
        return {"got": [[int(partition), int(offset), value]]}


def _program(bootstrap: str) -> list[str]:
    assert PROGRAM is not None
    return [PROGRAM, "-b", bootstrap]


def _run(bootstrap: str, options: Sequence[str], data: bytes = b"") -> bytes:
    command = [*_program(bootstrap), *options]
    try:
        done = subprocess.run(command, input=data, capture_output=True, timeout=WAIT_SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise TimeoutError(f"{command}: {error.stderr!r}") from error
    if done.returncode:
        raise ProduceError(done.stderr.decode(errors="replace"))
    return done.stdout


def _how(record: Record) -> tuple[tuple[tuple[str, bytes | None], ...], bool]:
    assert record.timestamp_ms is None, "kcat cannot set times"
    return record.headers, record.value is None


def _line(record: Record) -> bytes:
    head = b"" if record.key is None else record.key + _KEY_END.encode()
    return head + (record.value or b"")


def _parse(output: bytes) -> Iterator[Received]:
    place = 0
    while place < len(output):
        line_end = output.index(b"\n", place)
        partition, offset, time, key_size, size = map(int, output[place:line_end].split())
        key_end = line_end + 1 + max(key_size, 0)
        value_end = key_end + max(size, 0)
        headers_end = output.index(b"\n", value_end)
        key = output[line_end + 1 : key_end] if key_size >= 0 else None
        value = output[key_end:value_end] if size >= 0 else None
        yield Received(partition, offset, time, key, value, tuple(_headers(output[value_end:headers_end])))
        place = headers_end + 1


def _headers(text: bytes) -> Iterator[tuple[str, bytes | None]]:
    for item in text.split(b",") if text else []:
        name, _, value = item.partition(b"=")
        yield name.decode(), None if value == b"NULL" else value


def _query_offset(answer: str) -> int | None:
    found = re.search(r"offset (-?\d+)", answer)
    assert found, answer
    return int(found[1]) if int(found[1]) >= 0 else None
