"""``skylog segment``: look into an object of the log, without a broker."""

from __future__ import annotations

import asyncio
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, cast

import typer
from rich.markup import escape

from skylog.cli.console import console, format_bytes, format_count, table
from skylog.config import Config, default_data_dir
from skylog.core import segment_batches, segment_summary, verify_segment
from skylog.errors import Corrupt, NotFound
from skylog.model import format_topic_id
from skylog.storage.open import open_store

segment = typer.Typer(
    name="segment", help="Look into segment objects.", no_args_is_help=True, add_completion=False
)


@segment.callback()
def _group() -> None:
    """Keep `inspect` a command of its own: a group of one would swallow it."""


@segment.command()
def inspect(
    name: Annotated[
        str, typer.Argument(metavar="FILE|KEY", help="A file, or the key of an object.", show_default=False)
    ],
    *,
    data: Annotated[
        Path | None, typer.Option(metavar="DIR", help="The broker's data, for a KEY. Default: as serve.")
    ] = None,
    store: Annotated[str | None, typer.Option(metavar="URL", help="The store, for a KEY.")] = None,
    batches: Annotated[bool, typer.Option("--batches", help="Show each record batch.")] = False,
    verify: Annotated[bool, typer.Option("--verify", help="Check every checksum and count.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Show a segment's header and index: which partitions it holds, and where.

    [bold]Examples[/bold]

    skylog segment inspect /srv/skylog/objects/segments/7/1763899999123-1-42-7d0c…

    skylog segment inspect segments/7/1763… --data /srv/skylog --verify

    skylog segment inspect segment.bin --batches --json
    """
    content = _load(name, data, store)
    try:
        verified = verify_segment(content) if verify else None
        summary = segment_summary(content)
        logs = cast(list[dict[str, Any]], summary["logs"])
        if batches:
            for place, log in enumerate(logs):
                log["batch_list"] = segment_batches(content, place)
    except Corrupt as error:
        raise Corrupt(f"{name}: {error}") from error
    if as_json:
        checked = {} if verified is None else {"verified_batches": verified}
        json.dump(_plain(summary | checked), sys.stdout, indent=2)
        print()
    else:
        _show(summary, logs, verified)


def _load(name: str, data: Path | None, store: str | None) -> bytes:
    if store is None and data is None and Path(name).exists():
        try:
            return Path(name).read_bytes()
        except OSError as error:
            raise NotFound(f"{name}: cannot be read: {error.strerror}") from error
    url = store or Config.in_directory(data or default_data_dir()).store
    try:
        return asyncio.run(_fetch(url, name))
    except NotFound as error:
        raise NotFound(
            f"{error}, and there is no file of that name; which store? (--data, --store)"
        ) from error


async def _fetch(url: str, key: str) -> bytes:
    store = open_store(url)
    try:
        return await store.get(key)
    finally:
        await store.close()


def _show(summary: dict[str, object], logs: list[dict[str, Any]], verified: int | None) -> None:
    out = console()
    out.print(f"[bold]segment {_hex(summary['segment_id'])}[/bold]")
    out.print(f"  created     {_time(cast(int, summary['created_ms']))}")
    out.print(f"  format      version {summary['version']}, {escape(str(summary['kind']))}")
    out.print(f"  size        {summary['size']:,} bytes ({format_bytes(cast(int, summary['size']))})")
    out.print(f"  holds       {_contents(logs)}")
    if verified is not None:
        count = format_count(verified, "batch", "batches")
        out.print(f"  verified    all checksums and counts are right ({count})")
    out.print(table(LOG_COLUMNS, [_log_row(log) for log in logs]))
    for log in logs:
        if "batch_list" in log:
            _show_batches(log)


def _contents(logs: list[dict[str, Any]]) -> str:
    records = format_count(sum(log["records"] for log in logs), "record", "records")
    batches = format_count(sum(log["batches"] for log in logs), "batch", "batches")
    return f"{records} in {batches} of {format_count(len(logs), 'partition', 'partitions')}"


LOG_COLUMNS = ("topic id", "partition", "position", "bytes", "batches", "records", "max timestamp")


def _log_row(log: dict[str, Any]) -> tuple[object, ...]:
    return (
        format_topic_id(log["topic_id"]),
        log["partition"],
        log["position"],
        log["size"],
        log["batches"],
        log["records"],
        _time(log["max_timestamp"]),
    )


BATCH_COLUMNS = (
    "position",
    "bytes",
    "records",
    "compression",
    "max timestamp",
    "producer",
    "sequence",
    "crc",
)


def _batch_row(batch: dict[str, Any]) -> tuple[object, ...]:
    idempotent = batch["producer_id"] >= 0
    return (
        batch["position"],
        batch["size"],
        batch["records"],
        batch["compression"],
        _time(batch["max_timestamp"]),
        f"{batch['producer_id']} epoch {batch['producer_epoch']}" if idempotent else None,
        batch["base_sequence"] if idempotent else None,
        f"{batch['crc']:08x}",
    )


def _show_batches(log: dict[str, Any]) -> None:
    title = f"batches of {format_topic_id(log['topic_id'])} {log['partition']}"
    console().print(table(BATCH_COLUMNS, [_batch_row(batch) for batch in log["batch_list"]], title=title))


def _plain(value: Any) -> Any:
    """Return what JSON can hold: identities as they are printed elsewhere, all else as it is."""
    if isinstance(value, dict):
        return {
            key: _plain(format_topic_id(item) if key == "topic_id" else item) for key, item in value.items()
        }
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return _hex(value) if isinstance(value, bytes) else value


def _hex(value: object) -> str:
    return cast(bytes, value).hex()


def _time(ms: int) -> str:
    if ms < 0:
        return "none"
    try:
        return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds")
    except (ValueError, OverflowError, OSError):
        return f"{ms} ms"  # a time that a client made up
