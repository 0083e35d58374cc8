"""A server process that answers when it is started and leaves nothing behind when it ends."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

from clients.waiting import wait_until

_STOP_SECONDS = 10.0

_SETPRIV = shutil.which("setpriv")
_DIES_WITH_US = [_SETPRIV, "--pdeathsig", "KILL"] if _SETPRIV else []
"""A test run that is killed cannot end its servers; the kernel does, where this program is at hand."""


class ServerProcess:
    """One process with its log under `directory`; killed with all it started."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._log = directory / "log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process's id, for SIGSTOP, SIGCONT, or to measure it."""
        assert self._process is not None, "not started"
        return self._process.pid

    def start(
        self,
        command: list[str],
        answers: Callable[[], bool],
        environment: Mapping[str, str] | None = None,
        seconds: float = 30.0,
    ) -> None:
        """Start `command` and wait until it answers; `ChildProcessError` when it ends instead."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [*_DIES_WITH_US, *command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **(environment or {})},
                start_new_session=True,
            )
        wait_until(lambda: self._lives() and answers(), f"an answer of {command[0]}; {self.log()}", seconds)

    def pause(self) -> None:
        """Stop it in its tracks: connections stay open, nothing is answered."""
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        os.kill(self.pid, signal.SIGCONT)

    def kill(self) -> None:
        """End it as a crash does (SIGKILL) and wait until it is gone; nothing where it does not run."""
        if self._process is None:
            return
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(_STOP_SECONDS)
        self._process = None

    def log(self) -> str:
        """The end of what it wrote."""
        return self._log.read_text(errors="replace")[-2000:]

    def _lives(self) -> bool:
        assert self._process is not None
        code = self._process.poll()
        if code is not None:
            raise ChildProcessError(f"exit code {code} at start: {self.log()}")
        return True
