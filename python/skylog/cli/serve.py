"""``skylog serve``."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.markup import escape

import skylog
from skylog.broker import Broker, run
from skylog.cli.addresses import format_address
from skylog.cli.console import console, format_bytes
from skylog.cli.settings import ServeOptions, build_config
from skylog.errors import InvalidConfig

LogLevel = Literal["debug", "info", "warning", "error"]


def serve(
    *,
    listen: Annotated[
        str | None, typer.Option(metavar="HOST:PORT", help="Where to listen. Default: 127.0.0.1:9092.")
    ] = None,
    advertise: Annotated[
        str | None, typer.Option(metavar="HOST:PORT", help="What clients are told to connect to.")
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Objects and coordinator below this directory. Default: $XDG_DATA_HOME/skylog.",
        ),
    ] = None,
    store: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Where objects lie: file:///DIR, s3://BUCKET/PREFIX, az://, gs:// or memory:",
        ),
    ] = None,
    coordinator: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Where coordinates lie: sqlite:///FILE or sqlite::memory:"),
    ] = None,
    memory: Annotated[
        bool, typer.Option("--memory", help="Keep everything in memory; gone at the end.")
    ] = False,
    config: Annotated[
        Path | None, typer.Option(metavar="FILE.toml", help="Settings by section; options here win over it.")
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.json", help="Write what the store was asked for, at the end and at each SIGUSR1."
        ),
    ] = None,
    log_level: Annotated[LogLevel, typer.Option(help="What goes to stderr, at least.")] = "info",
) -> None:
    """Run a broker until Ctrl-C or SIGTERM, then drain it.

    [bold]Examples[/bold]

    skylog serve

    skylog serve --data /srv/skylog --listen 0.0.0.0:9092 --advertise kafka.lan:9092

    skylog serve --memory --listen 127.0.0.1:0

    skylog serve --store "s3://bucket/prefix?region=eu-central-1"

    skylog serve --store "file:///srv/skylog/objects?put_ms=100&get_ms=20"
    """
    logging.basicConfig(
        level=log_level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s", force=True
    )
    options = ServeOptions(listen, advertise, data, store, coordinator, memory, config)
    raise typer.Exit(_Session(report).run(options))


class _Session:
    """One run of a broker and what is said about it."""

    def __init__(self, report: Path | None) -> None:
        self._report = report
        self._broker: Broker | None = None

    def run(self, options: ServeOptions) -> int:
        code = run(build_config(options), self._ready)
        self._write_report()
        self._say_goodbye()
        return code

    def _ready(self, broker: Broker) -> None:
        self._broker = broker
        if self._report is not None:
            self._write_report()
            asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, self._write_report)
        _welcome(broker)

    def _write_report(self) -> None:
        if self._report is None or self._broker is None:
            return
        beside = self._report.with_name(self._report.name + ".new")
        try:
            beside.write_text(json.dumps(self._broker.store.report()) + "\n")
            os.replace(beside, self._report)
        except OSError as error:
            raise InvalidConfig(f"--report {self._report}: cannot be written: {error.strerror}") from error

    def _say_goodbye(self) -> None:
        if self._broker is None:
            return
        usage = self._broker.store.usage
        console().print(
            f"stopped; {usage.puts:,} PUTs ({format_bytes(usage.put_bytes)}), "
            f"{usage.gets:,} GETs ({format_bytes(usage.get_bytes)}), {usage.failures:,} failed"
        )


def _welcome(broker: Broker) -> None:
    server, node = broker.config.server, broker.view().self_node
    address = format_address(node.host, node.port)
    out = console()
    # The first line is what `skylog demo` reads.
    out.print(
        f"skylog {skylog.__version__} listens on [bold]{format_address(server.host, broker.port)}[/bold]"
    )
    out.print(f"  clients      bootstrap.servers={escape(address)}")
    out.print(f"  objects      {escape(broker.store.url)}")
    out.print(f"  coordinator  {escape(broker.config.coordinator)}")
    out.print(
        f"  try          echo hello | kcat -b {escape(address)} -P -t greetings; "
        f"kcat -b {escape(address)} -C -t greetings -e"
    )
    out.print("  stop         Ctrl-C")
    out.file.flush()
