"""skylog beside Apache Kafka: broker CPU seconds per GiB, MB/s, memory, latency, start.

    scripts/bench-peers                         everything, about 25 minutes; writes docs/performance.md
    scripts/bench-peers --quick                 a look, about 4 minutes; docs stay as they are
    scripts/bench-peers --list                  loads and targets
    scripts/bench-peers --loads java,java-64 --targets kafka-tmpfs,skylog-memory --rounds 5
    scripts/bench-peers --broker-cpus 0 --client-cpus 1
    scripts/bench-peers --render target/benches/peers.json       docs of an earlier run

Apache Kafka comes from Maven Central by `mvn`, once. Results: target/benches/peers.json.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console

from peers import kafka, memory, plots, report
from peers.brokers import Seat
from peers.children import Failed
from peers.loads import LOADS
from peers.report import Results
from peers.room import Room
from peers.run import Run
from peers.targets import TARGETS
from skylog.cli.console import console

REPOSITORY = Path(__file__).resolve().parents[2]
DOCS = REPOSITORY / "docs"
BUILT = REPOSITORY / "target" / "benches"
BASE_GIB, TURN_GIB = 5, 3
"""Two JVMs, SeaweedFS and generators; and the most that a turn keeps in memory or on tmpfs."""

QUICK_LOADS = ("start", "java", "java-64", "librdkafka-64", "fetch-java")
QUICK_TARGETS = ("kafka-tmpfs", "skylog-memory", "kafka-disk", "skylog-file")


def names_of(known: dict[str, Any], what: str) -> Any:
    """Return a parser of names with commas between."""

    def parse(text: str) -> list[str]:
        names = text.split(",")
        if unknown := [name for name in names if name not in known]:
            raise argparse.ArgumentTypeError(
                f"no such {what}: {', '.join(unknown)}; expected of {', '.join(known)}"
            )
        return names

    return parse


def arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        prog="scripts/bench-peers", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    add = parser.add_argument
    add("--quick", action="store_true", help="a quarter of the data, fewer loads; a look, no finding")
    add("--list", action="store_true", help="say what can be measured, and stop")
    add("--loads", type=names_of(LOADS, "load"), help="some, with commas between")
    add("--targets", type=names_of(TARGETS, "target"), help="some, with commas between")
    add("--rounds", type=int, help="turns of each target in each load (default: 3)")
    add("--scale", type=float, help="times the data of each load (default: 1)")
    add("--touch-gib", type=float, help="memory to touch beforehand (default: 20)")
    add("--broker-cpus", metavar="LIST", help="processors of brokers, as of taskset (default: all)")
    add("--client-cpus", metavar="LIST", help="processors of generators (default: all)")
    add("--work", type=Path, default=BUILT / "peers-work", help="where brokers on disk keep their logs")
    add("--memory", type=Path, default=Path("/dev/shm"), help="where those on tmpfs do (default: /dev/shm)")
    add("--jars", type=Path, default=BUILT / "kafka", help="where Apache Kafka lies or is fetched to")
    add("--json", type=Path, default=BUILT / "peers.json", help="where results go")
    add("--write-docs", action="store_true", help="into docs/performance.md though not all was measured")
    add("--render", type=Path, metavar="FILE.json", help="only write the docs, from these results")
    return parser.parse_args()


def complete(options: argparse.Namespace) -> None:
    """Fill in what was not said."""
    options.whole = not (options.quick or options.loads or options.targets)
    options.loads = options.loads or (QUICK_LOADS if options.quick else tuple(LOADS))
    options.targets = options.targets or (QUICK_TARGETS if options.quick else tuple(TARGETS))
    options.rounds = options.rounds or (2 if options.quick else 3)
    options.scale = options.scale or (0.5 if options.quick else 1.0)
    if options.touch_gib is None:
        options.touch_gib = 4.0 if options.quick else 20.0


def measure(options: argparse.Namespace, console: Console) -> Run:
    """Run what was asked for."""
    console.print(f"Apache Kafka {kafka.VERSION} in {options.jars}")
    kafka.install(options.jars)
    own = f"skylog-peers-{os.getpid()}"
    seat = Seat(
        (options.work / own).absolute(),
        options.memory / own,
        options.jars.absolute(),
        options.broker_cpus,
        options.client_cpus,
    )
    room = Room(seat, options.scale, console.print)
    loads = [load for name, load in LOADS.items() if name in options.loads]
    targets = [target for name, target in TARGETS.items() if name in options.targets]
    run = Run(loads, targets, options.rounds, room, console, partial(keep, options.json))
    console.print(
        f"{len(loads)} loads, {len(targets)} targets, {options.rounds} rounds: "
        f"about {run.estimate_s() / 60:.0f} minutes; Ctrl-C ends it and keeps what was measured"
    )
    memory.require(BASE_GIB + options.scale * TURN_GIB, options.memory)
    console.print(f"touching {options.touch_gib:g} GiB of memory …")
    holder = memory.touch(options.touch_gib, seat.work / "logs" / "touch.log")
    try:
        run.go()
    finally:
        holder.stop(0)
    return run


def main() -> int:
    """Measure, keep the results, show them, and write the docs when everything was measured."""
    options = arguments()
    complete(options)
    out = console()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    if options.list:
        for kind, known in (("loads", LOADS), ("targets", TARGETS)):
            out.print(kind, *(f"  {name:<20} {each.title}" for name, each in known.items()), sep="\n")
        return 0
    interrupted = False
    if options.render:
        results = json.loads(options.render.read_text())
    else:
        run = measure(options, out)
        results, interrupted = run.results(), run.interrupted
        keep(options.json, results)
        out.print(f"results: {options.json}")
    told = Results(results)
    out.print(report.tables(told), markup=False, highlight=False)
    if options.render or options.write_docs or (options.whole and not interrupted):
        pictures = plots.write(DOCS / "images", told)
        report.write(DOCS / "performance.md", report.page(told, pictures))
        out.print(f"written: {DOCS / 'performance.md'} and its pictures")
    return 130 if interrupted else 0


def keep(path: Path, results: dict[str, Any]) -> None:
    """Write the results as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failed as error:
        sys.exit(f"bench-peers: {error}")
