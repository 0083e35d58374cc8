"""The results of the records bench as tables of Markdown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from record_measure import Figure

Row = dict[str, Any]
START, END = "<!-- records: start (bench_records.py writes this) -->", "<!-- records: end -->"
OURS = {"encode": "skylog (Arrow)", "decode": "skylog"}
CONTENDERS = {
    "encode": ("skylog (Arrow)", "skylog (list)", "skylog (Rust)"),
    "decode": ("skylog", "skylog (views)", "skylog (values only)", "skylog (Rust)"),
}
PEERS = ("bare codec", "kafka-protocol", "rskafka", "Java", "aiokafka", "kafka-python", "kio")
SIZES = {100: "100 B", 1024: "1 KiB", 10240: "10 KiB", 1 << 16: "64 KiB", 1 << 20: "1 MiB", 1 << 26: "64 MiB"}


class Cases:
    """Results by case and contender."""

    def __init__(self, rows: list[Row]) -> None:
        self._rows = {
            (row["direction"], row["record_bytes"], row["codec"], row["contender"]): row for row in rows
        }
        self.keys = list(dict.fromkeys(key[:3] for key in self._rows))

    def find(self, direction: str, record_bytes: int, codec: str, contender: str) -> Row | None:
        """Return one row of the results."""
        return self._rows.get((direction, record_bytes, codec, contender))

    def rate(self, direction: str, record_bytes: int, codec: str, contender: str) -> float | None:
        """Return the median GB/s, or None where it was not measured."""
        row = self.find(direction, record_bytes, codec, contender)
        return row["gb_per_s"][1] if row else None

    def ratio(self, direction: str, record_bytes: int, codec: str, peer: str) -> float | None:
        """Return how many times faster than a peer ours is."""
        ours = self.rate(direction, record_bytes, codec, OURS[direction])
        peers = self.rate(direction, record_bytes, codec, peer)
        return ours / peers if ours and peers else None


def brief(figures: dict[str, Figure]) -> str:
    """Return the medians in one line."""
    return ", ".join(f"{name} {number(figure.row()['gb_per_s'][1])}" for name, figure in figures.items())


def number(value: float) -> str:
    """Return three significant digits, never an exponent."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.{1 if value >= 10 else 2 if value >= 0.1 else 3 if value >= 0.01 else 4}f}"


def span(parts: list[float]) -> str:
    """Return the median with its range."""
    low, middle, high = parts
    return f"{number(middle)} ({number(low)}–{number(high)})"


def tables(results: dict[str, Any]) -> str:
    """Return all tables, each under its heading."""
    writers = {
        "cases": lambda rows: _case_tables(Cases(rows)),
        "crc": _crc_table,
        "consume": lambda rows: _consume_table(rows, results.get("cases", [])),
        "threads": _thread_table,
        "memory": _memory_table,
    }
    parts = [_machine(results), *(write(results[name]) for name, write in writers.items() if name in results)]
    if set(writers) <= set(results):
        parts.insert(1, _target_table(results))
    return "\n\n".join(parts)


def write(path: Path, text: str) -> None:
    """Put the tables between their marks in a page."""
    page = path.read_text()
    before, _, rest = page.partition(START)
    _, _, after = rest.partition(END)
    if not rest or not page.count(END):
        raise SystemExit(f"{path} has no place for the tables: {START} … {END}")
    path.write_text(f"{before}{START}\n\n{text}\n\n{END}{after}")


def _table(head: list[str], lines: list[list[str]]) -> str:
    rows = [head, ["---"] * len(head), *lines]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _machine(results: dict[str, Any]) -> str:
    about = results["machine"]
    load = f"{results['load_before']} before and {results['load_after']} after"
    return (
        f"{about['processor']}, {about['cores']} cores, CPython {about['python']}; {about['date']}, commit "
        f"{about['commit']}; load of the machine {load}."
    )


def _case_tables(cases: Cases) -> str:
    return "\n\n".join(_case_table(cases, direction) for direction in ("encode", "decode"))


def _case_table(cases: Cases, direction: str) -> str:
    head = ["codec", "record", "CPU-s/GiB", *CONTENDERS[direction], *PEERS]
    lines = [
        [codec, SIZES[size], _cpu(cases, direction, size, codec), *_cells(cases, direction, size, codec)]
        for way, size, codec in sorted(cases.keys, key=_order)
        if way == direction
    ]
    return (
        f"### {direction.capitalize()}, GB/s of values (skylog's speed over theirs)\n\n{_table(head, lines)}"
    )


def _order(key: tuple[str, int, str]) -> tuple[int, int]:
    return ["none", "gzip", "snappy", "lz4", "zstd"].index(key[2]), key[1]


def _cpu(cases: Cases, direction: str, size: int, codec: str) -> str:
    row = cases.find(direction, size, codec, OURS[direction])
    return span(row["cpu_s_per_gib"]) if row else "–"


def _cells(cases: Cases, direction: str, size: int, codec: str) -> list[str]:
    cells = []
    for name in (*CONTENDERS[direction], *PEERS):
        rate, ratio = (find(direction, size, codec, name) for find in (cases.rate, cases.ratio))
        if rate is None:
            cells.append("–")
        elif name == OURS[direction]:
            cells.append(f"**{number(rate)}**")
        else:
            cells.append(f"{number(rate)} ({number(ratio)}×)" if ratio else number(rate))
    return cells


def _crc_table(rows: list[Row]) -> str:
    contenders = list(dict.fromkeys(row["contender"] for row in rows))
    rates = {(row["bytes"], row["contender"]): row["gb_per_s"][1] for row in rows}
    sizes = list(dict.fromkeys(row["bytes"] for row in rows))
    lines = [[SIZES[size], *(number(rates[size, name]) for name in contenders)] for size in sizes]
    return f"### CRC-32C, GB/s\n\n{_table(['data', *contenders], lines)}"


def _consume_table(rows: list[Row], cases: list[Row]) -> str:
    lines = [[SIZES[row["record_bytes"]], row["contender"], *_per_record(row)] for row in rows]
    decoded = [row for row in cases if (row["codec"], row["contender"]) == ("none", OURS["decode"])]
    lines += [
        [SIZES[row["record_bytes"]], "skylog.records.decode, no broker", *_per_record(row)] for row in decoded
    ]
    lines.sort(key=lambda line: list(SIZES.values()).index(line[0]))
    head = ["record", "reader", "ns of CPU a record", "GB/s"]
    return f"### Reading a topic, CPU time of the client\n\n{_table(head, lines)}"


def _per_record(row: Row) -> list[str]:
    return [number(1e9 / row["records_per_s"]), number(row["gb_per_s"][1])]


def _thread_table(rows: list[Row]) -> str:
    lines = [[row["direction"], row["codec"], span(row["speedup"])] for row in rows]
    head = ["what", "codec", "work of one thread done in the same time"]
    return f"### Two threads on two cores\n\n{_table(head, lines)}"


def _memory_table(rows: list[Row]) -> str:
    lines = [
        [
            row["form"],
            f"{row['input_mib']} MiB",
            f"{number(row['above_mib'])} MiB",
            f"{row['times_input']:.2f}×",
        ]
        for row in rows
    ]
    head = ["form", "input", "peak above the input", "peak, input included"]
    return f"### Peak memory, 1 KiB records, uncompressed\n\n{_table(head, lines)}"


def _target_table(results: dict[str, Any]) -> str:
    cases = Cases(results["cases"])
    lines = [*_case_targets(cases), *_codec_targets(cases), *_other_targets(results, cases)]
    return f"### Targets\n\n{_table(['what', 'target', 'reached'], lines)}"


def _case_targets(cases: Cases) -> list[list[str]]:
    lines = []
    for direction in ("encode", "decode"):
        at = (direction, 1024, "none")
        rate = cases.find(*at, OURS[direction])
        small = cases.find(direction, 100, "none", OURS[direction])
        if rate is None or small is None:
            continue
        lines += [
            [f"{direction}, 1 KiB, uncompressed, GB/s", "3", f"**{span(rate['gb_per_s'])}**"],
            [f"{direction}, 100 B, million records/s", "15", f"**{number(small['records_per_s'] / 1e6)}**"],
            [f"{direction}, 1 KiB, times aiokafka", "20", f"**{_times(cases.ratio(*at, 'aiokafka'))}**"],
            [
                f"{direction}, 1 KiB, times kafka-python",
                "100",
                f"**{_times(cases.ratio(*at, 'kafka-python'))}**",
            ],
        ]
    return lines


def _codec_targets(cases: Cases) -> list[list[str]]:
    lines = []
    for direction in ("encode", "decode"):
        parts = [
            f"{codec} {_over_bare(cases, direction, codec)}" for codec in ("gzip", "snappy", "lz4", "zstd")
        ]
        what = f"{direction}, 1 KiB, time over the bare codec's, both in Rust"
        lines.append([what, "1.15", f"**{', '.join(parts)}**"])
    return lines


def _over_bare(cases: Cases, direction: str, codec: str) -> str:
    bare, ours = (cases.rate(direction, 1024, codec, name) for name in ("bare codec", "skylog (Rust)"))
    return f"{bare / ours:.2f}" if bare and ours else "–"


def _other_targets(results: dict[str, Any], cases: Cases) -> list[list[str]]:
    rates = {(row["bytes"], row["contender"]): row["gb_per_s"][1] for row in results["crc"]}
    memory = {row["form"]: row for row in results["memory"]}
    whole = ", ".join(f"{form} {memory[form]['times_input']:.2f}" for form in ("encode", "decode"))
    pieces = ", ".join(f"{form} {row['above_mib']:.0f}" for form, row in memory.items() if "iter" in form)
    crc = " and ".join(number(rates[1 << 20, name]) for name in ("skylog", "google-crc32c"))
    threads = ", ".join(
        f"{row['direction']} {row['codec']} {row['speedup'][1]:.2f}" for row in results["threads"]
    )
    return [
        [
            "decode, 1 KiB, times the consume loop of confluent-kafka",
            "50",
            f"**{_times(_over_consume(results, cases))}**",
        ],
        ["CRC-32C of 1 MiB, skylog and google-crc32c, GB/s", "10", f"**{crc}**"],
        ["two threads over one", "near 2", f"**{threads}**"],
        ["peak memory in one piece, times the input", "2.2", f"**{whole}**"],
        ["peak memory as iterator, MiB above the input", "64", f"**{pieces}**"],
    ]


def _over_consume(results: dict[str, Any], cases: Cases) -> float | None:
    ours = cases.find("decode", 1024, "none", OURS["decode"])
    loop = [row for row in results["consume"] if row["record_bytes"] == 1024 and "loop" in row["contender"]]
    return ours["records_per_s"] / loop[0]["records_per_s"] if ours and loop else None


def _times(ratio: float | None) -> str:
    return number(ratio) if ratio else "–"
