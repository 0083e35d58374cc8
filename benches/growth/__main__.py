"""Growth curves: what CPU, memory and time become as one thing grows.

    python benches/growth                        all curves, about ten minutes
    python benches/growth --quick                fewer steps, two minutes
    python benches/growth partitions groups      some of them
    python benches/growth --render FILE.json     tables and charts of an earlier run, written again

Each curve raises one number step by step against brokers of its own, each a process. CPU is the broker's own,
all threads. A measure that grows faster than it may (per unit: worse than linear) is marked.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent / "python"))

import charts
import connections
import fanout
import groups
import machine
import partitions
import report
import segments
from client import raise_file_limit
from figures import Curve, Setting, Step, is_defect

ROOT = Path(__file__).parent.parent.parent
CURVES = {
    curve.name: curve
    for curve in (
        partitions.CURVE,
        connections.CURVE,
        segments.CURVE,
        groups.CURVE,
        groups.STORED_CURVE,
        fanout.CONSUMERS_CURVE,
        fanout.PARTITIONS_CURVE,
    )
}


def main() -> None:
    """Run, report, write."""
    options = _options()
    if options.render:
        results = json.loads(options.render.read_text())
    else:
        results = _measure(options)
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(results, indent=1) + "\n")
        print(f"written: {options.json}")
    if options.docs or options.render:
        report.write(ROOT / "docs/performance.md", results, CURVES)
        charts.write(ROOT / "docs/images", results, CURVES)
        print("written: docs/performance.md, docs/images/growth-*.svg")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="growth", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("curves", nargs="*", metavar="CURVE", help=f"of {', '.join(CURVES)}; default: all")
    parser.add_argument("--quick", action="store_true", help="fewer steps, shorter samples")
    parser.add_argument(
        "--seconds", type=float, metavar="S", help="for each repeated operation; default 1, quick 0.3"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", default=ROOT / "target/benches/growth.json")
    parser.add_argument("--docs", action="store_true", help="write tables and charts into docs/")
    parser.add_argument("--render", type=Path, metavar="FILE", help="measure nothing, write docs/ from this")
    parser.add_argument("--tmp", type=Path, metavar="DIR", help="where databases lie meanwhile")
    options = parser.parse_args()
    unknown = set(options.curves) - set(CURVES)
    if unknown:
        parser.error(f"expected curves of {', '.join(CURVES)}, found {', '.join(sorted(unknown))}")
    if options.docs and (options.quick or set(options.curves or CURVES) != set(CURVES)):
        parser.error("--docs: expected a whole run; tables of different runs do not belong together")
    return options


def _measure(options: argparse.Namespace) -> dict[str, Any]:
    raise_file_limit()
    results: dict[str, Any] = {"machine": machine.describe(ROOT), "quick": options.quick, "curves": {}}
    began = time.perf_counter()
    with TemporaryDirectory(dir=options.tmp, prefix="skylog-growth-") as directory:
        seconds = options.seconds or (0.3 if options.quick else 1.0)
        setting = Setting(Path(directory), seconds, options.quick, lambda text: print(text, flush=True))
        for name in options.curves or CURVES:
            steps = _run(setting, CURVES[name])
            results["curves"][name] = [{"n": step.n, "values": step.values} for step in steps]
    results["seconds"] = round(time.perf_counter() - began)
    return results


def _run(setting: Setting, curve: Curve) -> list[Step]:
    numbers = curve.quick_steps if setting.quick else curve.steps
    setting.say(f"\n{curve.title}: {', '.join(f'{n:,}' for n in numbers)} {curve.counted}")
    steps: list[Step] = []
    began = time.perf_counter()
    for step in curve.run(setting, numbers):
        steps.append(step)
        setting.say(f"  {len(steps)}/{len(numbers)}  {step.n:,}  after {time.perf_counter() - began:.0f} s")
    setting.say(report.terminal(curve, steps))
    defects = [measure.name for measure in curve.measures if is_defect(measure, steps)]
    if defects:
        setting.say(f"  faster than it may: {'; '.join(defects)}")
    return steps


if __name__ == "__main__":
    main()
