"""``skylog cost``."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from skylog.cli.console import console
from skylog.cli.cost.chart import render_chart
from skylog.cli.cost.knobs import KNOBS, build_workload, parse_what_if
from skylog.cli.cost.result import CostResult, WhatIf
from skylog.cli.cost.tables import show
from skylog.cost.comparison import compare, vary
from skylog.cost.diskless import segment_flow
from skylog.cost.observed import Observation
from skylog.cost.workload import Workload
from skylog.errors import InvalidConfig, InvalidRequest, NotFound
from skylog.storage.prices import PriceSheet, load_prices

Text = str | None


def _option(metavar: str, text: str) -> Any:
    return typer.Option(metavar=metavar, help=text)


def cost(
    *,
    throughput: Annotated[Text, _option("RATE", "What producers send in all, such as 50MiB/s.")] = None,
    retention: Annotated[Text, _option("TIME", "How long the log is kept. Default: 7d.")] = None,
    zones: Annotated[Text, _option("N", "Availability zones. Default: 3.")] = None,
    fan_out: Annotated[Text, _option("N", "Consumer groups that read everything. Default: 1.")] = None,
    brokers: Annotated[Text, _option("N", "Default: one in each zone; with --from 1.")] = None,
    compression: Annotated[
        Text, _option("RATIO", "Sent to stored bytes, 4 is four to one. Default: 1.")
    ] = None,
    put_rate: Annotated[
        Text, _option("N", "PUTs a second and broker that time may cause. Default: 4.")
    ] = None,
    linger: Annotated[
        Text, _option("TIME", "produce.linger_ms_max; shorter than 1/put-rate, it makes more PUTs.")
    ] = None,
    segment_size: Annotated[Text, _option("SIZE", "produce.segment_bytes_target. Default: 8MiB.")] = None,
    cache_hit: Annotated[
        Text, _option("SHARE", "Share of reads that the tail's cache serves, 0 to 1. Default: 1.")
    ] = None,
    gets_per_segment: Annotated[
        Text, _option("N", "GETs of a segment in each other zone. Default: one by each broker there.")
    ] = None,
    zone_aware: Annotated[
        bool, typer.Option("--zone-aware/--no-zone-aware", help="Whether clients say their zone.")
    ] = True,
    prices: Annotated[
        str, _option("NAME|FILE", "aws, aws-express, gcp, azure, none, or a TOML file.")
    ] = "aws",
    source: Annotated[
        Path | None, typer.Option("--from", metavar="FILE", help="Counters from `skylog serve --report`.")
    ] = None,
    what_if: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=V,V", help="Try other values of an option; may be given again."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    chart: Annotated[
        Path | None, typer.Option(metavar="FILE.svg", help="Write a picture of the comparison.")
    ] = None,
) -> None:
    """Say what a month costs, by line, beside a Kafka that replicates between zones.

    [bold]Examples[/bold]

    skylog cost --throughput 50MiB/s --retention 7d --zones 3 --fan-out 3 --prices aws

    skylog cost --throughput 50MiB/s --what-if put-rate=1,4,10 --what-if retention=1d,7d,30d

    skylog cost --from report.json --brokers 3 --fan-out 3 --prices gcp --chart cost.svg

    skylog cost --throughput 10MB/s --prices ./contract.toml --json
    """
    said = {
        "throughput": throughput,
        "retention": retention,
        "zones": zones,
        "fan-out": fan_out,
        "brokers": brokers,
        "compression": compression,
        "put-rate": put_rate,
        "linger": linger,
        "segment-size": segment_size,
        "cache-hit": cache_hit,
        "gets-per-segment": gets_per_segment,
    }
    _require_one_source(said, source)
    sheet = load_prices(prices)
    if source is None:
        result = _modelled(build_workload(said, zone_aware), sheet, what_if or [])
    else:
        base = build_workload({**said, "brokers": brokers or "1"}, zone_aware)
        result = _observed(_read_report(source), base, sheet, what_if or [])
    _print(result, as_json)
    if chart is not None:
        _write_chart(result, chart, said_so=not as_json)


def _require_one_source(said: dict[str, Text], source: Path | None) -> None:
    if said["throughput"] is None and source is None:
        raise typer.BadParameter("expected a rate such as 50MiB/s, or --from FILE", param_hint="--throughput")
    if source is not None:
        for name in ("throughput", "compression"):
            if said[name] is not None:
                raise typer.BadParameter(
                    f"is what the report says; leave it out with --from {source}", param_hint=f"--{name}"
                )


def _modelled(workload: Workload, sheet: PriceSheet, what_if: list[str]) -> CostResult:
    what_ifs = _what_ifs(workload, sheet, what_if)
    return CostResult(workload, sheet, segment_flow(workload), compare(workload, sheet), what_ifs)


def _observed(seen: Observation, base: Workload, sheet: PriceSheet, what_if: list[str]) -> CostResult:
    workload = seen.workload(base)
    return CostResult(
        workload=workload,
        sheet=sheet,
        flow=segment_flow(workload),
        candidates=compare(workload, sheet, seen.usage(workload)),
        what_ifs=_what_ifs(workload, sheet, what_if),
        observed=seen,
    )


def _what_ifs(workload: Workload, sheet: PriceSheet, texts: list[str]) -> list[WhatIf]:
    questions = [parse_what_if(text) for text in texts]
    return [WhatIf(name, vary(workload, KNOBS[name].field, values, sheet)) for name, values in questions]


def _read_report(source: Path) -> Observation:
    try:
        return Observation.from_report(json.loads(source.read_text()), f"--from {source}")
    except OSError as error:
        raise NotFound(f"--from {source}: cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise InvalidRequest(f"--from {source}: expected JSON, {error}") from error


def _print(result: CostResult, as_json: bool) -> None:
    if as_json:
        json.dump(result.document(), sys.stdout, indent=2)
        print()
    else:
        show(result, console())


def _write_chart(result: CostResult, chart: Path, *, said_so: bool) -> None:
    try:
        chart.write_text(render_chart(result), encoding="utf-8")
    except OSError as error:
        raise InvalidConfig(f"--chart {chart}: cannot be written: {error.strerror}") from error
    if said_so:
        console().print(f"chart written to {escape(str(chart))}")
