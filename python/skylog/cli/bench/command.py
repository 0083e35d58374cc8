"""``skylog bench``."""

from __future__ import annotations

import typer

from skylog.cli.bench.log import log
from skylog.cli.bench.store import store

bench = typer.Typer(
    name="bench",
    help="Measure a store, or the whole way through a log.",
    no_args_is_help=True,
    add_completion=False,
)
bench.command()(store)
bench.command()(log)
