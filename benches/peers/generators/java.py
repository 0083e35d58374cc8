"""Java's own: ProducerPerformance and ConsumerPerformance of Apache Kafka."""

from __future__ import annotations

import re
from pathlib import Path

from peers.children import Child, Failed
from peers.generators.job import Job, Told
from peers.kafka import java

_HEAP = "512M"
_TOOLS = "org.apache.kafka.tools"
_METRIC = re.compile(r"^([\w-]+:[\w-]+):\{[^}]*\}\s*:\s*([0-9]+\.?[0-9]*)\s*$", re.MULTILINE)
_SHAPE = {
    "requests": "producer-metrics:request-total",
    "batch_bytes": "producer-metrics:batch-size-avg",
    "records_per_request": "producer-metrics:records-per-request-avg",
    "compression_rate": "producer-metrics:compression-rate-avg",
}


def produce(job: Job, jars: Path, log: Path, cpus: str | None) -> Child:
    """Start a producer: idempotent, acks=all; requests may hold a batch of each partition."""
    settings = {
        "bootstrap.servers": job.bootstrap,
        "enable.idempotence": "true",
        "acks": "all",
        "batch.size": str(job.batch_bytes),
        "linger.ms": "100",
        "compression.type": job.compression,
        "max.request.size": str(8 << 20),
        "buffer.memory": str(128 << 20),
    }
    arguments = ["--topic", job.topic, "--num-records", str(job.count), "--throughput", "-1"]
    arguments += ["--payload-file", job.payload, "--print-metrics"]
    arguments += ["--command-property", *(f"{name}={value}" for name, value in settings.items())]
    return Child(java(jars, _HEAP, f"{_TOOLS}.ProducerPerformance", *arguments), log, cpus)


def produced(text: str) -> Told:
    """Return what a producer said at its end. Raises `Failed`."""
    found = re.findall(r"^(\d+) records sent, ([0-9.]+) records/sec .*avg latency", text, re.MULTILINE)
    if not found:
        raise Failed(f"ProducerPerformance said nothing of its result: {text[-500:]}")
    count, rate = int(found[-1][0]), float(found[-1][1])
    metrics = {name: float(value) for name, value in _METRIC.findall(text)}
    shape = {name: metrics[metric] for name, metric in _SHAPE.items() if metric in metrics}
    return {"records": count, "seconds": count / rate, **shape}


def fetch(job: Job, jars: Path, log: Path, cpus: str | None) -> Child:
    """Start a consumer of a group of its own, reading from the start."""
    arguments = ["--bootstrap-server", job.bootstrap, "--topic", job.topic, "--num-records", str(job.count)]
    arguments += ["--group", f"bench-{log.stem}", "--timeout", "30000", "--hide-header"]
    return Child(java(jars, _HEAP, f"{_TOOLS}.ConsumerPerformance", *arguments), log, cpus)


def fetched(text: str) -> Told:
    """Return what a consumer said at its end. Raises `Failed`."""
    rows = [line.split(", ") for line in text.splitlines() if line.count(", ") == 9]
    if not rows:
        raise Failed(f"ConsumerPerformance said nothing of its result: {text[-500:]}")
    return {"records": int(rows[-1][4]), "seconds": float(rows[-1][7]) / 1000}
