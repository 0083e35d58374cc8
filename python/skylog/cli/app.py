"""The program ``skylog``: its commands and how it fails."""

from __future__ import annotations

import sys
from typing import Any

import typer
from typer.core import TyperGroup

from skylog.cli.bench.command import bench
from skylog.cli.cost.command import cost
from skylog.cli.demo.command import demo
from skylog.cli.segment import segment
from skylog.cli.serve import serve
from skylog.cli.topic import topic
from skylog.cli.version import version
from skylog.errors import SkylogError


class _Program(TyperGroup):
    """Says what skylog raises on purpose in one line; everything else is a fault and keeps its traceback."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except SkylogError as error:
            print(f"skylog: {' '.join(str(error).split())}", file=sys.stderr)
            raise typer.Exit(1) from error


app = typer.Typer(
    name="skylog",
    cls=_Program,
    help="A diskless, Kafka-compatible broker: the log lives in object storage.",
    epilog="Try [bold]skylog demo[/bold], then [bold]skylog serve[/bold] and any Kafka client.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(serve)
app.command()(demo)
app.command()(cost)
app.add_typer(topic)
app.add_typer(segment)
app.add_typer(bench)
app.command()(version)


def main() -> None:
    """Run the command that ``sys.argv`` asks for and exit."""
    app(prog_name="skylog")
