"""Figures of the records library beside its peers, all in one run; the tables and charts of the docs.

    python benches/python/bench_records.py              all of it, some minutes
    python benches/python/bench_records.py --quick      a look: less data, fewer rounds; docs stay as they are
    python benches/python/bench_records.py cases --size 1024 --codec none --codec zstd
    python benches/python/bench_records.py --render FILE.json     tables and charts of an earlier run

Sections: cases, crc, threads, memory, consume. What is counted is CPU seconds on one core.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import record_chart
import record_consume
import record_extras
import record_languages
import record_memory
import record_report
from record_data import MIB, Values, values_of
from record_languages import BUILT, REPOSITORY, row
from record_measure import Work, fitting, interleaved, touch_memory
from record_peers import CODECS, DECODERS, ENCODERS, decode_work, encode_work

RECORD_SIZES = (100, 1024, 10240)
SECTIONS = ("cases", "crc", "threads", "memory", "consume")
CASE_BYTES = {"none": 64 * MIB, "gzip": 8 * MIB, "snappy": 32 * MIB, "lz4": 32 * MIB, "zstd": 32 * MIB}
"""More than the caches hold where memory decides; less where the codec does."""


def cases(options: argparse.Namespace) -> list[dict[str, object]]:
    """Encode and decode, each record size and codec, contenders of all languages."""
    built = record_languages.Built(None, False) if options.python_only else record_languages.build()
    rows: list[dict[str, object]] = []
    for record_bytes in options.size:
        values = values_of(record_bytes, max(CASE_BYTES.values()) // options.scale)
        counts: dict[str, int] = {}
        for codec in options.codec:
            part = values.head(CASE_BYTES[codec] // options.scale)
            counts[codec] = len(part)
            rows += python_case(record_bytes, codec, part, options)
            record_languages.write_input(record_bytes, codec, part)
        if built.rust:
            rows += record_languages.run_rust(built.rust, record_bytes, counts)
        if built.java:
            rows += record_languages.run_java(record_bytes, counts, options.rounds, options.round_s)
    return rows


def python_case(
    record_bytes: int, codec: str, values: Values, options: argparse.Namespace
) -> list[dict[str, object]]:
    """All contenders in Python over one case, taking turns."""
    rows = []
    for direction, names, work_of in (("encode", ENCODERS, encode_work), ("decode", DECODERS, decode_work)):
        works = {}
        for name in names:
            if work_of(name, values.head(1), codec) is not None:
                works[name] = fitting(
                    partial(_work, work_of, name, codec, values), values.value_bytes, options.round_s
                )
        figures = interleaved(works, options.rounds, options.round_s)
        rows += [row(direction, record_bytes, codec, name, figure) for name, figure in figures.items()]
        print(f"{direction} {record_bytes} {codec}: {record_report.brief(figures)}", flush=True)
    return rows


def _work(work_of: Callable[..., Work], name: str, codec: str, values: Values, value_bytes: int) -> Work:
    return work_of(name, values.head(value_bytes), codec)


def run(options: argparse.Namespace) -> dict[str, object]:
    """Run the chosen sections."""
    touch_memory(options.touch_gib)
    results: dict[str, object] = {"machine": machine(), "load_before": round(os.getloadavg()[0], 2)}
    parts: dict[str, Callable[[], object]] = {
        "cases": lambda: cases(options),
        "crc": lambda: record_extras.checksums(options.rounds, options.round_s),
        "threads": lambda: record_extras.threads(64 * MIB // options.scale, options.rounds),
        "memory": lambda: record_memory.run(record_memory.FORMS, 1024 // options.scale, BUILT / "memory.log"),
        "consume": lambda: record_consume.run(RECORD_SIZES, 64 * MIB // options.scale, options.rounds),
    }
    for section in options.sections:
        results[section] = parts[section]()
        print(f"{section} done", flush=True)
    results["load_after"] = round(os.getloadavg()[0], 2)
    return results


def machine() -> dict[str, str]:
    """Return what the figures depend on."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short=7", "HEAD"], capture_output=True, text=True, check=False
    )
    model = next(
        (line for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line), ":"
    )
    return {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "commit": commit.stdout.strip(),
        "python": platform.python_version(),
        "processor": model.split(":")[1].strip(),
        "cores": str(os.cpu_count()),
    }


def arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "sections", nargs="*", metavar="SECTION", help=f"of {', '.join(SECTIONS)}; default: all"
    )
    parser.add_argument(
        "--size", type=int, action="append", choices=RECORD_SIZES, help="record sizes; default: all"
    )
    parser.add_argument("--codec", action="append", choices=CODECS, help="codecs; default: all")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--quick", action="store_true", help="a quarter of the data, short rounds, nothing into docs"
    )
    parser.add_argument("--python-only", action="store_true", help="leave Rust and Java out")
    parser.add_argument(
        "--render", type=Path, metavar="FILE.json", help="only write the docs, from these results"
    )
    options = parser.parse_args()
    if unknown := set(options.sections) - set(SECTIONS):
        parser.error(f"no such section: {', '.join(sorted(unknown))}")
    whole = not (options.sections or options.size or options.codec or options.python_only or options.quick)
    options.write_docs = whole or options.render is not None
    options.sections = options.sections or SECTIONS
    options.size, options.codec = options.size or RECORD_SIZES, options.codec or CODECS
    options.scale, options.round_s = (4, 0.05) if options.quick else (1, 0.15)
    options.rounds = min(options.rounds, 3) if options.quick else options.rounds
    options.touch_gib = 1 if options.quick else 8
    return options


def main() -> None:
    """Measure, keep the results, and write the docs when everything was measured."""
    options = arguments()
    results = json.loads(options.render.read_text()) if options.render else run(options)
    kept = BUILT / "records.json"
    if not options.render:
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps(results, indent=1) + "\n")
    tables = record_report.tables(results)
    if options.write_docs:
        record_report.write(REPOSITORY / "docs" / "performance.md", tables)
        record_chart.write(REPOSITORY / "docs" / "images", results["cases"])
    print(f"\n{tables}\nresults: {kept}")


if __name__ == "__main__":
    main()
