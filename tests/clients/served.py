"""A broker in a process of its own, to be measured, killed and started again on the same port."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import psutil

from clients.waiting import wait_until

START_SECONDS = 20.0
STOP_SECONDS = 40.0


class ServedBroker:
    """`skylog serve` with its data, its configuration and its logs under one directory.

    Parameters
    ----------
    directory
        Made if it is not there; a broker in it finds what an earlier one left.
    options
        Further options of the command; without `--memory` data lies under `directory/data`.
    sections
        Sections of the configuration file.
    """

    def __init__(self, directory: Path, *options: str, **sections: Mapping[str, object]) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.data = directory / "data"
        self.stderr = directory / "stderr"
        self._stdout = directory / "stdout"
        self._config = directory / "skylog.toml"
        self._config.write_text(_toml({"groups": _QUICK_GROUPS, **sections}))
        self._options = options
        self._port = 0
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def bootstrap(self) -> str:
        """Where clients find it; the same after a restart."""
        return f"127.0.0.1:{self._port}"

    @property
    def command(self) -> list[str]:
        """The command that starts it."""
        command = [sys.executable, "-m", "skylog", "serve", "--listen", self.bootstrap]
        place = [] if "--memory" in self._options else ["--data", str(self.data)]
        return [*command, "--config", str(self._config), *place, *self._options]

    def start(self) -> None:
        """Start it and wait until it listens."""
        self._stdout.write_bytes(b"")
        with self._stdout.open("ab") as stdout, self.stderr.open("ab") as stderr:
            self._process = subprocess.Popen(
                self.command, stdout=stdout, stderr=stderr, stdin=subprocess.DEVNULL
            )
        wait_until(self._listens, f"the line 'listens on' of {self.command}", START_SECONDS)

    def stop(self) -> int:
        """Ask it to end (SIGTERM) and return its exit code."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(STOP_SECONDS)

    def kill(self) -> None:
        """End it at once (SIGKILL), if it runs."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def resident_bytes(self) -> int:
        """Resident memory of the process now."""
        assert self._process is not None
        return psutil.Process(self._process.pid).memory_info().rss

    def cpu_seconds(self) -> float:
        """Processor time of the process so far."""
        assert self._process is not None
        times = psutil.Process(self._process.pid).cpu_times()
        return times.user + times.system

    def log(self) -> str:
        """What it has written to its error output, over all its lives."""
        return self.stderr.read_text(errors="replace")

    def _listens(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            raise AssertionError(f"exit code {self._process.returncode} at start: {self.log()[-2000:]}")
        found = re.search(r"listens on \S+:(\d+)", self._stdout.read_text(errors="replace"))
        if found:
            self._port = int(found[1])
        return found is not None


_QUICK_GROUPS = {"initial_rebalance_delay_ms": 0, "min_session_timeout_ms": 500}


def _toml(sections: Mapping[str, Mapping[str, object]]) -> str:
    lines: list[str] = []
    for section, values in sections.items():
        lines += [f"[{section}]", *(f"{name} = {_value(value)}" for name, value in values.items())]
    return "\n".join(lines) + "\n"


def _value(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else str(value)
