from __future__ import annotations

import sys
from pathlib import Path

import psutil
import pytest

from clients.waiting import wait_until
from compat.processes import build, run

PARENT = "tail -f /dev/null & echo $!; wait"


def test_both_outputs_and_the_code_are_kept(tmp_path: Path) -> None:
    code = "import sys; print('out', flush=True); print(sys.stdin.read(), file=sys.stderr); sys.exit(3)"
    ended = run([sys.executable, "-c", code], tmp_path / "logs" / "one.log", 60, stdin=b"in")
    assert (ended.code, ended.text()) == (3, "out\nin\n")


def test_after_its_time_a_program_ends_with_its_children(tmp_path: Path) -> None:
    ended = run(["sh", "-c", PARENT], tmp_path / "log", 1)
    assert ended.code is None
    child = int(ended.text())
    wait_until(lambda: has_ended(child), f"the end of {child}")


def has_ended(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_a_failed_preparation_says_what_the_program_said(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="no compiler here"):
        build([sys.executable, "-c", "raise SystemExit('no compiler here')"], tmp_path)
