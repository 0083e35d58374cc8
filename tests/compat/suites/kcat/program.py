"""The program, run against one broker."""

from __future__ import annotations

import itertools
import shutil
import subprocess
from collections.abc import Iterable

from clients.seeds import unique

PROGRAM = shutil.which("kcat") or shutil.which("kafkacat")
PARTITIONS = 3
"""Of a topic that is created on demand."""


class Kcat:
    """Calls of kcat, each a process of its own, in topics and groups of one scenario."""

    def __init__(self, bootstrap: str, scenario: str, seconds_max: float) -> None:
        self._bootstrap = bootstrap
        self._seconds_max = seconds_max
        self.topic = unique(scenario.replace("_", "-"))
        self.group = unique("group")

    def run(self, *options: str, stdin: bytes = b"") -> str:
        """Return what a call prints; `AssertionError` with its errors unless it ends well."""
        code, out, err = self.attempt(*options, stdin=stdin)
        assert code == 0, f"{' '.join(options)}: exit code {code}: {err}"
        return out

    def attempt(self, *options: str, stdin: bytes = b"") -> tuple[int, str, str]:
        """Return exit code, output and errors of a call."""
        assert PROGRAM is not None
        ended = subprocess.run(
            [PROGRAM, "-b", self._bootstrap, *options],
            input=stdin,
            capture_output=True,
            timeout=self._seconds_max,
            check=False,
        )
        return ended.returncode, ended.stdout.decode(), ended.stderr.decode(errors="replace")

    def produce(self, lines: Iterable[str], *options: str, partition: int = 0) -> None:
        """Send a record for each line to one partition."""
        self.run("-P", "-t", self.topic, "-p", str(partition), *options, stdin="\n".join(lines).encode())

    def consume(self, *options: str, partition: int = 0, start: str = "beginning") -> list[str]:
        """Return the lines that reading one partition to its end prints."""
        where = ["-t", self.topic, "-p", str(partition), "-o", start]
        return self.run("-C", "-q", "-e", *where, *options).splitlines()

    def query(self, partition: int, time: int) -> int:
        """Return the offset at a time, or -2 (the first) or -1 (the next) as kcat asks for it."""
        answer = self.run("-Q", "-t", f"{self.topic}:{partition}:{time}")
        return int(answer.rsplit(" ", 1)[1])


def numbered(count: int) -> list[str]:
    """Return so many different lines."""
    return [f"record {number}" for number in itertools.islice(itertools.count(), count)]
