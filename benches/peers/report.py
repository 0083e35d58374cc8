"""The results as tables of Markdown: ratios with their range, and the aims beside what came."""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import Any

from peers.targets import PAIRS

START, END = "<!-- peers: start (bench-peers writes this) -->", "<!-- peers: end -->"
Samples = list[dict[str, float]]

_FIGURES = {
    "cpu_s_per_gib": "broker CPU",
    "start_s": "start to first answer",
    "idle_resident_mb": "memory, idle",
    "metadata_cpu_ms": "CPU of Metadata of all",
    "resident_mb": "memory",
    "restart_s": "restart to first answer",
}
_DETAILS = {
    "MB/s": "mb_per_s",
    "user": "user_s_per_gib",
    "system": "system_s_per_gib",
    "faults per GiB": "faults_per_gib",
    "resident MB": "resident_mb",
    "requests": "requests",
    "bytes a batch": "batch_bytes",
}
_LATENCIES = {
    "MiB/s": "asked_mib_per_s",
    "acknowledged p50": "ack_p50_ms",
    "acknowledged p99": "ack_p99_ms",
    "acknowledged p99.9": "ack_p99_9_ms",
    "end to end p50": "end_to_end_p50_ms",
    "end to end p99": "end_to_end_p99_ms",
    "end to end p99.9": "end_to_end_p99_9_ms",
    "sent p99": "late_p99_ms",
    "CPU-s/GiB": "cpu_s_per_gib",
}
_QUIET = {
    "start_s": "start to first answer, s",
    "start_cpu_s": "start, CPU s",
    "idle_resident_mb": "idle, resident MB",
    "idle_cpu_share": "idle, share of a processor",
    "metadata_cpu_ms": "10,000 partitions: Metadata of all, ms of CPU",
    "metadata_p50_ms": "10,000 partitions: Metadata of all, ms p50",
    "restart_s": "10,000 partitions: restart to first answer, s",
    "restart_cpu_s": "10,000 partitions: restart, CPU s",
}


class Results:
    """What a run wrote, by load and target."""

    def __init__(self, results: dict[str, Any]) -> None:
        self.about: dict[str, Any] = results["about"]
        self.loads: list[dict[str, Any]] = results["loads"]
        self.titles: dict[str, str] = self.about["targets"]

    def samples(self, load: dict[str, Any], target: str) -> Samples:
        """Return the turns of a target in a load, without any where it has none."""
        found: Samples = load["targets"].get(target, {}).get("samples", [])
        return found

    def median(self, load: dict[str, Any], target: str, figure: str) -> float | None:
        """Return the median of a figure, None where it was not measured."""
        values = [sample[figure] for sample in self.samples(load, target) if figure in sample]
        return statistics.median(values) if values else None

    def ratios(self, load: dict[str, Any], target: str, figure: str) -> list[float]:
        """Return ours over the peer's, turn by turn."""
        ours, theirs = (self.samples(load, name) for name in (target, PAIRS[target]))
        pairs = zip(ours, theirs, strict=False)
        return [our[figure] / their[figure] for our, their in pairs if their.get(figure) and figure in our]

    def with_figure(self, figure: str) -> list[dict[str, Any]]:
        """Return the loads in which a figure was measured."""
        return [
            load
            for load in self.loads
            if any(self.samples(load, name) and figure in self.samples(load, name)[0] for name in self.titles)
        ]


def number(value: float | None) -> str:
    """Return two or three digits, never an exponent."""
    if value is None:
        return "–"
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}" if value >= 0.1 else f"{value:.3f}"


def span(values: list[float]) -> str:
    """Return the median with its range."""
    if not values:
        return "–"
    return f"{statistics.median(values):.2f} ({min(values):.2f}–{max(values):.2f})"


def page(results: Results, pictures: list[Path]) -> str:
    """Return everything that goes into the docs; pictures lie in its folder of images."""
    shown = [f"![{path.stem}](images/{path.name})" for path in pictures]
    return "\n\n".join([*shown, tables(results)])


def tables(results: Results) -> str:
    """Return all that is not a picture."""
    parts = [
        _about(results),
        _aims(results),
        _costs(results),
        _details(results),
        _latency(results),
        _quiet(results),
    ]
    return "\n\n".join(part for part in [*parts, _failures(results)] if part)


def write(path: Path, text: str) -> None:
    """Put the tables between their marks in a page."""
    page = path.read_text()
    before, _, rest = page.partition(START)
    _, end, after = rest.partition(END)
    if not end:
        raise SystemExit(f"{path} has no place for the tables: {START} … {END}")
    path.write_text(f"{before}{START}\n\n{text}\n\n{END}{after}")


def _table(head: list[str], rows: list[list[str]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in [head, ["---"] * len(head), *rows])


def _about(results: Results) -> str:
    about = results.about
    loads = [
        sample["load_1_min"]
        for load in results.loads
        for name in results.titles
        for sample in results.samples(load, name)
        if "load_1_min" in sample
    ]
    busy = f"; load of the machine {min(loads):.1f} to {max(loads):.1f}" if loads else ""
    cut = " The run was ended early." if about["interrupted"] else ""
    peer = f"Apache Kafka {about['kafka']} (one node, KRaft, 1 GB heap, {about['java']})"
    machine = f"{about['processor']}, {about['cores']} cores, {about['system']}, CPython {about['python']}"
    places = f"brokers on processors {about['broker_cpus']}, generators on {about['client_cpus']}"
    return (
        f"`{about['command']}`, {about['date']}: {peer} and skylog at commit {about['commit']}; {machine}, "
        f"confluent-kafka {about['confluent-kafka']}; {places}; {about['rounds']} rounds, data × "
        f"{about['scale']:g}{busy}.{cut}"
    )


def _aims(results: Results) -> str:
    rows = []
    for load in results.loads:
        for aim in load["aims"]:
            ratios = results.ratios(load, aim["target"], aim["figure"])
            if ratios:
                pair = f"{results.titles[aim['target']]} ÷ {results.titles[PAIRS[aim['target']]]}"
                what = f"{load['title']}: {_FIGURES[aim['figure']]}"
                rows.append([what, pair, f"≤ {aim['most']:g}", f"**{span(ratios)}**", _verdict(ratios, aim)])
    head = ["what", "ratio", "aim", "reached", ""]
    return f"### Aims\n\n{_table(head, rows)}" if rows else ""


def _verdict(ratios: list[float], aim: dict[str, Any]) -> str:
    return "reached" if statistics.median(ratios) <= aim["most"] else "missed"


def _costs(results: Results) -> str:
    """One row a load: both pairs, and S3."""
    rows = []
    for load in results.with_figure("cpu_s_per_gib"):
        row = [load["title"]]
        for ours, theirs in list(PAIRS.items())[:2]:
            row += [number(results.median(load, name, "cpu_s_per_gib")) for name in (theirs, ours)]
            row.append(span(results.ratios(load, ours, "cpu_s_per_gib")))
        rows.append([*row, number(results.median(load, "skylog-s3", "cpu_s_per_gib"))])
    pairs = ["Kafka, tmpfs", "skylog, memory", "ratio", "Kafka, disk", "skylog, file", "ratio"]
    body = _table(["load", *pairs, "skylog, S3"], rows)
    return f"### Broker CPU seconds per GiB of record values\n\n{body}" if rows else ""


def _details(results: Results) -> str:
    rows = _rows(results, "user_s_per_gib", list(_DETAILS.values()))
    summary = "<summary>User and system time, MB/s, memory, requests</summary>"
    body = _table(["load", "broker", *_DETAILS], rows)
    return f"<details>{summary}\n\n{body}\n\n</details>" if rows else ""


def _latency(results: Results) -> str:
    rows = _rows(results, "ack_p50_ms", list(_LATENCIES.values()))
    body = _table(["load", "broker", *_LATENCIES], rows)
    return f"### Latency, open loop, ms from the due time\n\n{body}" if rows else ""


def _rows(results: Results, known_by: str, figures: list[str]) -> list[list[str]]:
    """Return a row a load and target, of the loads that have a figure `known_by`."""
    return [
        [load["title"], results.titles[name], *(number(results.median(load, name, each)) for each in figures)]
        for load in results.with_figure(known_by)
        for name in results.titles
        if results.samples(load, name)
    ]


def _quiet(results: Results) -> str:
    """Start, idle and 10,000 partitions: a row a figure."""
    rows = [_row(results, figure, text) for figure, text in _QUIET.items() if results.with_figure(figure)]
    wide = results.with_figure("restart_s")
    if wide:
        rows.append(
            _row(
                Results({"about": results.about, "loads": wide}),
                "resident_mb",
                "10,000 partitions: resident MB",
            )
        )
    head = ["what", "Kafka, disk", "skylog, file", "ratio"]
    return f"### Without load\n\n{_table(head, rows)}" if rows else ""


def _row(results: Results, figure: str, text: str) -> list[str]:
    load = results.with_figure(figure)[0]
    values = [number(results.median(load, name, figure)) for name in ("kafka-disk", "skylog-file")]
    return [text, *values, span(results.ratios(load, "skylog-file", figure))]


def _failures(results: Results) -> str:
    rows = [
        f"- {load['title']}, {results.titles[name]}: {failure.splitlines()[0][:200]}"
        for load in results.loads
        for name, outcome in load["targets"].items()
        for failure in outcome["failures"]
    ]
    return "Turns that failed:\n\n" + "\n".join(rows) if rows else ""
