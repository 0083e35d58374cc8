"""The program ``skylog``: its commands and how it fails.

A command is imported when it is called: a broker needs nothing of what the others measure and show with.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

from skylog.errors import SkylogError

COMMANDS = {
    "serve": "skylog.cli.serve",
    "demo": "skylog.cli.demo.command",
    "cost": "skylog.cli.cost.command",
    "topic": "skylog.cli.topic",
    "segment": "skylog.cli.segment",
    "bench": "skylog.cli.bench.command",
    "version": "skylog.cli.version",
}
"""Where each command lies: a function or a `Typer` of the same name."""


class _Program(TyperGroup):
    """Says what skylog raises on purpose in one line; everything else is a fault and keeps its traceback."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**{**attributes, "commands": dict.fromkeys(COMMANDS)})

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name in COMMANDS and super().get_command(ctx, cmd_name) is None:
            self.add_command(_load(cmd_name), cmd_name)
        return super().get_command(ctx, cmd_name)

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


def _load(name: str) -> Any:
    found = getattr(import_module(COMMANDS[name]), name)
    if not isinstance(found, typer.Typer):
        function, found = found, typer.Typer(add_completion=False)
        found.command(name)(function)
    return typer.main.get_command(found)


@app.callback()
def _program() -> None:
    """Let the program be a group of commands, though none is registered yet."""


def main() -> None:
    """Run the command that ``sys.argv`` asks for and exit."""
    app(prog_name="skylog")
