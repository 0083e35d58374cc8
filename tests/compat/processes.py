"""Foreign programs: what they write goes to a file, and they end when their time is over."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from clients.waiting import monotonic


@dataclass(frozen=True, slots=True)
class Ended:
    """How a program ended; the code is None if its time was over."""

    code: int | None
    seconds: float
    log: Path

    def text(self) -> str:
        return self.log.read_text(errors="replace")


def run(
    command: Sequence[str | Path],
    log: Path,
    seconds_max: float,
    *,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
    stdin: bytes = b"",
) -> Ended:
    """Run a program with both outputs in `log`; after `seconds_max` it is killed with all its children."""
    log.parent.mkdir(parents=True, exist_ok=True)
    start = monotonic()
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(part) for part in command],
            cwd=folder,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        code = _wait(process, stdin, seconds_max)
    return Ended(code, monotonic() - start, log)


def build(command: Sequence[str | Path], folder: Path, seconds_max: float = 1800.0) -> None:
    """Run a step of a preparation; `RuntimeError` with the end of what it wrote if it fails."""
    ended = run(command, folder / "prepare.log", seconds_max, folder=folder)
    if ended.code != 0:
        raise RuntimeError(f"{command}: exit code {ended.code}: {ended.text()[-2000:]}")


def _wait(process: subprocess.Popen[bytes], stdin: bytes, seconds_max: float) -> int | None:
    try:
        process.communicate(stdin, timeout=seconds_max)
        return process.returncode
    except subprocess.TimeoutExpired:
        return None
    finally:
        _kill_group(process)


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    process.wait()
