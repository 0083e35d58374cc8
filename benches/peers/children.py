"""Processes of the bench: pinned, logged, in sessions of their own, and ended by the kernel when we are."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

_SETPRIV = shutil.which("setpriv")
_LOG_TAIL_BYTES, _LOG_TAIL_LINES = 1000, 3


class Failed(Exception):
    """A broker or a generator did not do what it should; the message says what it left in its log."""


def pinned(command: Sequence[str], cpus: str | None) -> list[str]:
    """Return a command that runs on these processors and dies with this process."""
    mortal = [_SETPRIV, "--pdeathsig", "KILL"] if _SETPRIV else []
    place = ["taskset", "--cpu-list", cpus] if cpus else []
    return [*mortal, *place, *command]


class Child:
    """One process, its output in `log`.

    A session of its own keeps Ctrl-C away from it: it is ended when the bench is done with it.
    """

    def __init__(
        self,
        command: Sequence[str],
        log: Path,
        cpus: str | None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        log.parent.mkdir(parents=True, exist_ok=True)
        self.log = log
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                pinned(command, cpus),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={**os.environ, **(environment or {})},
                start_new_session=True,
            )
        self.pid = self.process.pid

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self.process.poll() is None

    def text(self) -> str:
        """What it wrote."""
        return self.log.read_text(errors="replace")

    def finish(self, seconds: float) -> str:
        """Wait until it ends by itself; return what it wrote. Raises `Failed`, and then it is gone too."""
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Failed(f"no end within {seconds:.0f} s: {self.told()}") from None
        finally:
            self.stop(0)
        if code:
            raise Failed(f"exit code {code}: {self.told()}")
        return self.text()

    def wait_for(self, word: str, seconds: float) -> None:
        """Wait until it wrote `word`. Raises `Failed`."""
        deadline = time.perf_counter() + seconds
        while word not in self.text():
            if not self.alive or time.perf_counter() > deadline:
                raise Failed(f"expected {word!r}: {self.told()}")
            time.sleep(0.02)

    def stop(self, seconds: float) -> None:
        """End it as an operator does, and after `seconds` as a crash does."""
        if self.alive and seconds:
            self.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(seconds)
        if self.alive:
            os.killpg(self.pid, signal.SIGKILL)
        self.process.wait(10)

    def told(self) -> str:
        """Return its name and the last lines that it wrote."""
        last = self.text()[-_LOG_TAIL_BYTES:].strip().splitlines()[-_LOG_TAIL_LINES:]
        return f"{self.log.stem}: {' | '.join(last) or 'it wrote nothing'}"
