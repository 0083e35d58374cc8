"""A broker in a process of its own, as anybody would start it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from pathlib import Path
from types import TracebackType

from skylog.clock import SystemClock
from skylog.errors import Unavailable
from skylog.storage.metered import StoreUsage

READY_S_MAX = 30.0
STOP_S_MAX = 45.0
REPORT_S_MAX = 10.0
_STEP_S = 0.02


class BrokerProcess:
    """``python -m skylog serve`` on a free port, its data below `directory`; stopped when the block ends."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.bootstrap = ""
        self._log = directory / "broker.log"
        self._report = directory / "store.json"
        self._process: subprocess.Popen[str] | None = None
        self._clock = SystemClock()

    def __enter__(self) -> BrokerProcess:
        command = [sys.executable, "-m", "skylog", "serve", "--listen", "127.0.0.1:0"]
        options = ["--data", str(self.directory / "data"), "--report", str(self._report)]
        with self._log.open("w") as log:
            # A session of its own: Ctrl-C is for us, who then stop the broker in order.
            self._process = subprocess.Popen(
                command + options, stdout=subprocess.PIPE, stderr=log, text=True, start_new_session=True
            )
        try:
            self.bootstrap = self._wait_until_ready(self._process)
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def objects(self) -> Path:
        """Where the objects lie."""
        return self.directory / "data" / "objects"

    def usage(self) -> StoreUsage:
        """Return what the broker asked of its store so far."""
        before = self._report.stat().st_mtime_ns
        self._running.send_signal(signal.SIGUSR1)
        deadline = self._clock.monotonic() + REPORT_S_MAX
        pause = threading.Event()
        while self._report.stat().st_mtime_ns == before:
            if self._clock.monotonic() > deadline or self._running.poll() is not None:
                raise self._failure("did not report what it asked of the store")
            pause.wait(_STEP_S)
        return StoreUsage.from_report(json.loads(self._report.read_text()))

    def require_running(self) -> None:
        """Raise `Unavailable` with its last words if the broker has ended."""
        if self._running.poll() is not None:
            raise self._failure(f"ended with exit code {self._running.returncode}")

    def wait(self) -> None:
        """Return when the broker has ended by itself."""
        self._running.wait()

    def stop(self) -> int:
        """Let the broker drain, and kill it if it does not; return its exit code."""
        process, self._process = self._process, None
        if process is None:
            return 0
        process.terminate()
        try:
            process.communicate(timeout=STOP_S_MAX)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
        return process.returncode

    @property
    def _running(self) -> subprocess.Popen[str]:
        if self._process is None:
            raise Unavailable("the broker is not running")
        return self._process

    def _wait_until_ready(self, process: subprocess.Popen[str]) -> str:
        assert process.stdout is not None
        give_up = threading.Timer(READY_S_MAX, process.kill)
        give_up.start()
        line = process.stdout.readline()
        give_up.cancel()
        if " listens on " not in line:
            raise self._failure(f"was not ready within {READY_S_MAX:g} s")
        threading.Thread(target=process.stdout.read, daemon=True).start()
        return line.rsplit(" ", 1)[1].strip()

    def _failure(self, what: str) -> Unavailable:
        said = self._log.read_text().strip().splitlines()[-3:]
        return Unavailable(f"the broker {what}; it said: {' / '.join(said) or 'nothing'}")
