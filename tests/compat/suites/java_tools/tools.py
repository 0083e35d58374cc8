"""One scenario's way to the tools: each run is a JVM of its own and ends when the scenario's time is over."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clients.seeds import unique
from clients.waiting import Deadline, wait_until
from compat.suites.java_tools.checks import Mismatch
from compat.suites.java_tools.jars import classpath
from compat.suites.java_tools.kits import Kit

_JVM = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx256m")


Event = dict[str, Any]


def read_events(text: str) -> list[Event]:
    """Read whole lines of JSON; a last line that is still being written is left out."""
    whole = text[: text.rfind("\n") + 1]
    return [json.loads(line) for line in whole.splitlines() if line.startswith("{")]


@dataclass(frozen=True, slots=True)
class Said:
    """What a tool wrote and how it ended."""

    code: int
    out: str
    err: str

    @property
    def all(self) -> str:
        return self.out + self.err

    @property
    def lines(self) -> list[str]:
        """Lines of the output proper that are not empty."""
        return [line for line in self.out.splitlines() if line.strip()]

    @property
    def events(self) -> list[Event]:
        """What a verifiable client tells, line by line."""
        return read_events(self.out)


class Tools:
    """The tools, pointed at a broker.

    Parameters
    ----------
    bootstrap
        "host:port".
    kit
        Which tools.
    home
        Where their jars are.
    folder
        For the scenario's files and what the tools write.
    seconds_max
        For all runs together.
    """

    def __init__(self, bootstrap: str, kit: Kit, home: Path, folder: Path, seconds_max: float) -> None:
        self.bootstrap = bootstrap
        self.folder = folder
        self._kit = kit
        self._home = home
        self._deadline = Deadline(seconds_max, f"the tools of {folder.name}")
        self._prefix = unique(re.sub("[^a-z0-9]+", "-", folder.name))
        self._runs = 0

    def name(self, suffix: str = "") -> str:
        """Return a name for a topic or a group that no other scenario and no earlier run uses."""
        return self._prefix + suffix

    def topic(self, *options: str, suffix: str = "", partitions: int = 1) -> str:
        """Create a topic and return its name."""
        name = self.name(suffix)
        self.run("kafka-topics", "--create", "--topic", name, "--partitions", str(partitions), *options)
        return name

    def file(self, name: str, content: object) -> str:
        """Write a file of JSON or text for a tool and return its path."""
        path = self.folder / name
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return str(path)

    def run(self, tool: str, *arguments: str, stdin: str = "") -> Said:
        """Run a tool that is expected to end with 0."""
        said = self.attempt(tool, *arguments, stdin=stdin)
        if said.code != 0:
            raise Mismatch(f"{tool} {' '.join(arguments)}: exit code {said.code}: {said.all.strip()}")
        return said

    def refused(self, tool: str, *arguments: str) -> Said:
        """Run a tool that is expected not to end with 0."""
        said = self.attempt(tool, *arguments)
        if said.code == 0:
            raise Mismatch(f"{tool} {' '.join(arguments)}: expected a refusal, found: {said.all.strip()}")
        return said

    def attempt(self, tool: str, *arguments: str, stdin: str = "") -> Said:
        """Run a tool to its end; `TimeoutError` if the scenario's time is over before."""
        command = self._command(tool, arguments)
        ended = subprocess.run(
            command, input=stdin, capture_output=True, text=True, timeout=self._deadline.left, check=False
        )
        self._keep(command, f"exit code {ended.returncode}\n{ended.stdout}\n{ended.stderr}")
        return Said(ended.returncode, ended.stdout, ended.stderr)

    def until(self, condition: Callable[[], bool], what: str) -> None:
        """Wait for a condition while the scenario has time."""
        wait_until(condition, what, self._deadline.left)

    def client_log(self) -> str:
        """Return what the Java clients logged as warnings and errors so far."""
        return (self.folder / "client.log").read_text(errors="replace")

    @contextmanager
    def running(self, tool: str, *arguments: str) -> Iterator[Path]:
        """Run a tool beside others and end it at last; gives the file that it writes its output to."""
        command = self._command(tool, arguments)
        output = self._keep(command, "").with_suffix(".out")
        with output.open("wb") as out, output.with_suffix(".err").open("wb") as err:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=err)
        try:
            yield output
        finally:
            process.kill()
            process.wait()

    def _command(self, tool: str, arguments: tuple[str, ...]) -> list[str]:
        log = f"-Dclient.log={self.folder / 'client.log'}"
        main_class = self._kit.classes[tool]
        ordered = self._kit.pointed(tool, arguments, self.bootstrap)
        return ["java", *_JVM, log, "-cp", classpath(self._home), main_class, *ordered]

    def _keep(self, command: list[str], text: str) -> Path:
        self._runs += 1
        path = self.folder / f"{self._runs:02}.log"
        path.write_text(f"{' '.join(command)}\n{text}")
        return path
