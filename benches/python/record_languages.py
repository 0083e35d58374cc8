"""The contenders in Rust and Java: given the same bytes as those in Python, run, and read back."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from record_data import Values
from record_measure import Figure
from record_peers import encoded

REPOSITORY = Path(__file__).resolve().parents[2]
BUILT = REPOSITORY / "target" / "benches"
INPUT = BUILT / "records"
CRITERION = BUILT / "rust" / "criterion"


def write_input(record_bytes: int, codec: str, values: Values) -> None:
    """Leave a case for the other languages: values, batches, and the same batches uncompressed."""
    INPUT.mkdir(parents=True, exist_ok=True)
    values.write(INPUT / f"values-{record_bytes}-{codec}.bin")
    (INPUT / f"batches-{record_bytes}-{codec}.bin").write_bytes(encoded(values, codec))
    (INPUT / f"plain-{record_bytes}-{codec}.bin").write_bytes(encoded(values, "none"))


@dataclass(frozen=True)
class Built:
    """What could be compiled with the tools of this machine."""

    rust: Path | None
    java: bool


def build() -> Built:
    """Compile both, once: what others change in the sources meanwhile does not count."""
    java = shutil.which("mvn") is not None
    if java:
        pom = REPOSITORY / "benches" / "java" / "pom.xml"
        subprocess.run(["mvn", "--quiet", "--batch-mode", "--file", str(pom), "package"], check=True)
    return Built(_build_rust() if shutil.which("cargo") else None, java)


def _build_rust() -> Path:
    manifest, target = REPOSITORY / "benches" / "rust" / "Cargo.toml", BUILT / "rust"
    command = ["cargo", "bench", f"--manifest-path={manifest}", f"--target-dir={target}", "--bench=records"]
    made = subprocess.run(
        [*command, "--no-run", "--quiet", "--message-format=json"],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    artifacts = [json.loads(line) for line in made.stdout.splitlines()]
    return next(
        Path(artifact["executable"])
        for artifact in artifacts
        if artifact.get("target", {}).get("kind") == ["bench"] and artifact.get("executable")
    )


def run_rust(program: Path, record_bytes: int, record_count: dict[str, int]) -> list[dict[str, object]]:
    """Run criterion over the cases of one record size."""
    environment = {**os.environ, "SKYLOG_BENCH_INPUT": str(INPUT), "CRITERION_HOME": str(CRITERION)}
    shutil.rmtree(CRITERION, ignore_errors=True)
    command = [str(program), "--bench", "--noplot", f"code-{record_bytes}-"]
    with (BUILT / "criterion.log").open("w") as log:
        subprocess.run(command, check=True, env=environment, stdout=log, stderr=log)
    found = sorted(CRITERION.glob(f"*code-{record_bytes}-*/*/new/benchmark.json"))
    return [_criterion_row(path, record_count) for path in found]


def _criterion_row(path: Path, record_count: dict[str, int]) -> dict[str, object]:
    about, sample = json.loads(path.read_text()), json.loads((path.parent / "sample.json").read_text())
    direction, record_bytes, codec = about["group_id"].split("-")
    seconds = tuple(
        spent / passes / 1e9 for spent, passes in zip(sample["times"], sample["iters"], strict=True)
    )
    figure = Figure(seconds, about["throughput"]["Bytes"], record_count[codec])
    return row(direction, int(record_bytes), codec, about["function_id"], figure)


def run_java(
    record_bytes: int, record_count: dict[str, int], rounds: int, round_s: float
) -> list[dict[str, object]]:
    """Run Java's classes over the cases of one record size, in one warm process on one core."""
    classes = f"{BUILT / 'java' / 'classes'}:{BUILT / 'java' / 'dependency'}/*"
    arguments = [str(INPUT), str(record_bytes), ",".join(record_count), str(rounds), str(round_s)]
    command = [
        "java",
        "-XX:+UseSerialGC",
        "-Xms4g",
        "-Xmx4g",
        "-cp",
        classes,
        "skylog.RecordsBench",
        *arguments,
    ]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return [_java_row(json.loads(line), record_count) for line in done.stdout.splitlines()]


def _java_row(measured: dict[str, object], record_count: dict[str, int]) -> dict[str, object]:
    codec = measured["codec"]
    figure = Figure(tuple(measured["cpu_s"]), measured["value_bytes"], record_count[codec])
    return row(measured["direction"], measured["size"], codec, "Java", figure)


def row(direction: str, record_bytes: int, codec: str, contender: str, figure: Figure) -> dict[str, object]:
    """Return one line of the results."""
    case = {"direction": direction, "record_bytes": record_bytes, "codec": codec, "contender": contender}
    return case | figure.row()
