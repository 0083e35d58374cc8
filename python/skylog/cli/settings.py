"""From the options of ``skylog serve`` to a `Config`: flags over the file over the defaults."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import typer

from skylog.cli.addresses import parse_address
from skylog.config import Config, ServerConfig, default_data_dir


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """What was said on the command line; None where nothing was."""

    listen: str | None = None
    advertise: str | None = None
    data: Path | None = None
    store: str | None = None
    coordinator: str | None = None
    memory: bool = False
    file: Path | None = None


def build_config(options: ServeOptions) -> Config:
    """Return the configuration that these options ask for.

    Raises
    ------
    InvalidConfig
        What the file says cannot be.
    typer.BadParameter
        Options contradict each other, or an address cannot be read.
    """
    _require_one_place(options)
    base = Config.in_directory(options.data or default_data_dir())
    config = base if options.file is None else Config.from_toml(options.file, base)
    if options.memory:
        config = replace(config, store=Config().store, coordinator=Config().coordinator)
    elif options.data is not None:
        config = replace(config, store=base.store, coordinator=base.coordinator)
    config = replace(
        config,
        store=options.store or config.store,
        coordinator=options.coordinator or config.coordinator,
    )
    return replace(config, server=_address(options, config.server))


def _require_one_place(options: ServeOptions) -> None:
    if not options.memory:
        return
    for name in ("data", "store", "coordinator"):
        if getattr(options, name) is not None:
            raise typer.BadParameter(
                f"keeps everything in memory, so it cannot stand with --{name}", param_hint="--memory"
            )


def _address(options: ServeOptions, server: ServerConfig) -> ServerConfig:
    if options.listen is not None:
        host, port = parse_address(options.listen, "--listen", server.host, server.port)
        server = replace(server, host=host, port=port)
    if options.advertise is not None:
        # A port of 0 stands for the one that is listened on.
        host, port = parse_address(options.advertise, "--advertise", "", 0)
        if not host:
            raise typer.BadParameter(
                f"expected HOST:PORT with the host that clients can reach, found {options.advertise!r}",
                param_hint="--advertise",
            )
        server = replace(server, advertised_host=host, advertised_port=port or None)
    return server
