"""``skylog version``."""

from __future__ import annotations

import platform

import skylog
from skylog.cli.console import console


def version() -> None:
    """Print the version of skylog and of the Python it runs on.

    Example: [bold]skylog version[/bold]
    """
    runtime = f"{platform.python_implementation()} {platform.python_version()}"
    console().print(f"skylog {skylog.__version__} ({runtime}, {platform.system()} {platform.machine()})")
