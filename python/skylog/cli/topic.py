"""``skylog topic``: create, list, describe, delete."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape

from skylog.cli import admin
from skylog.cli.client import Client
from skylog.cli.console import console, format_count, table

topic = typer.Typer(
    name="topic", help="Create, list, describe and delete topics.", no_args_is_help=True, add_completion=False
)

Bootstrap = Annotated[
    str, typer.Option(metavar="HOST:PORT", help="The broker to ask.", envvar="SKYLOG_BOOTSTRAP")
]
Names = Annotated[list[str], typer.Argument(metavar="NAME", help="Topics.", show_default=False)]
DEFAULT_BOOTSTRAP = "127.0.0.1:9092"


@topic.command()
def create(
    names: Names,
    partitions: Annotated[int, typer.Option("--partitions", "-p", help="-1: the broker's default.")] = -1,
    config: Annotated[
        list[str] | None,
        typer.Option("--config", "-c", metavar="KEY=VALUE", help="May be given several times."),
    ] = None,
    bootstrap: Bootstrap = DEFAULT_BOOTSTRAP,
) -> None:
    """Create topics.

    [bold]Examples[/bold]

    skylog topic create orders --partitions 6

    skylog topic create prices -p 12 -c cleanup.policy=compact -c retention.ms=-1
    """
    configs = dict(_split_config(text) for text in config or [])
    with Client(bootstrap) as client:
        for made in admin.create_topics(client, names, partitions, configs):
            console().print(f"created {escape(made['name'])}")


@topic.command("list")
def list_(bootstrap: Bootstrap = DEFAULT_BOOTSTRAP) -> None:
    """List all topics.

    [bold]Examples[/bold]

    skylog topic list

    skylog topic list --bootstrap broker.example.com:9092
    """
    with Client(bootstrap) as client:
        topics = admin.list_topics(client)
    rows = [(t.name, t.partitions, t.topic_id, "internal" if t.internal else None) for t in topics]
    console().print(table(("topic", "partitions", "id", ""), rows) if rows else "no topics")


@topic.command()
def describe(names: Names, bootstrap: Bootstrap = DEFAULT_BOOTSTRAP) -> None:
    """Show partitions, offsets and settings of topics.

    [bold]Example:[/bold] skylog topic describe orders
    """
    with Client(bootstrap) as client:
        for name in names:
            _describe(client, name)


@topic.command()
def delete(
    names: Names,
    bootstrap: Bootstrap = DEFAULT_BOOTSTRAP,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Delete topics with all their records.

    [bold]Example:[/bold] skylog topic delete orders --yes
    """
    if not yes:
        typer.confirm(f"Delete {', '.join(names)} with all records?", abort=True)
    with Client(bootstrap) as client:
        admin.delete_topics(client, names)
    for name in names:
        console().print(f"deleted {escape(name)}")


def _describe(client: Client, name: str) -> None:
    summary, partitions = admin.describe_topic(client, name)
    out = console()
    count = format_count(summary.partitions, "partition", "partitions")
    out.print(f"[bold]{escape(summary.name)}[/bold]  id {summary.topic_id}, {count}")
    for key, value in admin.topic_configs(client, name).items():
        out.print(f"  {escape(key)}={escape(value)}")
    rows = [
        (p.partition, p.start_offset, p.end_offset, p.end_offset - p.start_offset, p.leader)
        for p in partitions
    ]
    out.print(table(("partition", "start offset", "end offset", "offsets", "leader"), rows))


def _split_config(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not key or not equals:
        raise typer.BadParameter(f"expected KEY=VALUE, found {text!r}", param_hint="--config")
    return key, value
