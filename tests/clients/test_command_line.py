"""The commands as people run them, against brokers of their own."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest
from confluent_kafka import Producer

from clients.served import ServedBroker
from clients.waiting import wait_until
from skylog.cli.admin import create_topics, list_topics
from skylog.cli.client import Client
from skylog.errors import Corrupt, InvalidRequest, Unavailable
from skylog.storage.keys import SegmentKey

Serve = Callable[..., ServedBroker]
Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(tmp_path: Path) -> Command:
    """Run a command to its end; none may leave a traceback."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "skylog", *arguments],
            capture_output=True,
            text=True,
            timeout=60,
            cwd=tmp_path,
            check=False,
        )
        assert "Traceback" not in done.stderr
        return done

    return run


def failure(done: subprocess.CompletedProcess[str]) -> str:
    """Return the one line that says why a command failed."""
    assert done.returncode == 1
    [line] = [line for line in done.stderr.splitlines() if line.startswith("skylog: ")]
    return line


def produce(bootstrap: str, topic: str, values: list[bytes], **settings: object) -> None:
    producer = Producer({"bootstrap.servers": bootstrap, **settings})
    for value in values:
        producer.produce(topic, value, partition=0)
    assert producer.flush(30) == 0


def segments_of(broker: ServedBroker) -> list[Path]:
    return sorted(path for path in (broker.data / "objects" / "segments").rglob("*") if path.is_file())


def test_serve_says_where_it_is_and_what_the_store_was_asked(serve: Serve, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    broker = serve("--report", str(report))
    assert json.loads(report.read_text())["puts"] == 0
    produce(broker.bootstrap, "counted", [b"x"])
    assert broker.stop() == 0
    usage = json.loads(report.read_text())
    [segment] = segments_of(broker)
    assert (usage["puts"], usage["put_bytes"]) == (1, segment.stat().st_size)
    assert usage["latencies_ms"]["put"]["count"] == 1
    assert usage["lanes"]["produce"]["taken"] == usage["hedges"]["hedges"] == usage["retries"]["retries"] == 0
    said = (tmp_path / "broker0" / "stdout").read_text()
    for text in (f"listens on {broker.bootstrap}", str(broker.data), "kcat -b", "stopped; 1 PUTs"):
        assert text in said


def test_sigusr1_writes_the_report_of_a_running_broker(serve: Serve, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    broker = serve("--report", str(report))
    produce(broker.bootstrap, "counted", [b"x"])
    assert broker._process is not None
    broker._process.send_signal(signal.SIGUSR1)
    wait_until(lambda: json.loads(report.read_text())["puts"] == 1, "the report", 10)


def test_a_port_that_is_taken_is_named(serve: Serve, run: Command, tmp_path: Path) -> None:
    broker = serve("--memory")
    line = failure(run("serve", "--data", str(tmp_path / "other"), "--listen", broker.bootstrap))
    assert f"{broker.bootstrap} is in use" in line
    assert "--listen" in line


def test_a_second_broker_on_the_same_data_is_refused(serve: Serve, run: Command) -> None:
    broker = serve()
    line = failure(run("serve", "--data", str(broker.data), "--listen", "127.0.0.1:0"))
    assert "another broker" in line
    assert "--data" in line
    produce(broker.bootstrap, "unharmed", [b"x"])


def test_data_that_cannot_be_written_is_named(run: Command, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    line = failure(run("serve", "--data", str(tmp_path / "file"), "--listen", "127.0.0.1:0"))
    assert "Not a directory" in line
    assert "--data" in line


def test_an_address_that_is_not_ours_is_named(run: Command) -> None:
    assert "198.51.100.7" in failure(run("serve", "--memory", "--listen", "198.51.100.7:0"))


@contextmanager
def serving_with(soft: int, hard: int) -> Iterator[subprocess.Popen[str]]:
    """A broker that may have so many files open, once it listens."""
    limited = ["sh", "-c", f'ulimit -Sn {soft} && ulimit -Hn {hard} && exec "$@"', "sh"]
    serve = [sys.executable, "-m", "skylog", "serve", "--memory", "--listen", "127.0.0.1:0"]
    with subprocess.Popen(
        [*limited, *serve], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            assert "listens on" in process.stdout.readline()
            yield process
        finally:
            process.terminate()


def test_a_broker_opens_as_many_files_as_it_may() -> None:
    """Most systems allow 1,024 unless a program asks for more; each connection is one."""
    with serving_with(soft=200, hard=600) as process:
        assert psutil.Process(process.pid).rlimit(psutil.RLIMIT_NOFILE) == (600, 600)


def test_too_few_files_for_all_connections_are_told() -> None:
    with serving_with(soft=300, hard=300) as process:
        process.terminate()
        _, told = process.communicate(timeout=60)
    assert "at most 300 files may be open, too few for 10000 connections" in told
    assert "raise the hard limit to 10512 or more" in told


def test_the_store_can_be_slow(serve: Serve) -> None:
    broker = serve("--store", "memory:?put_ms=50", "--coordinator", "sqlite::memory:")
    produce(broker.bootstrap, "slow", [b"x"])


def test_topics_are_created_listed_described_and_deleted(serve: Serve, run: Command) -> None:
    at = ("--bootstrap", serve("--memory").bootstrap)
    assert run("topic", "list", *at).stdout == "no topics\n"
    made = run("topic", "create", "orders", "prices", "-p", "3", "-c", "retention.ms=1234", *at)
    assert made.stdout == "created orders\ncreated prices\n"
    produce(at[1], "orders", [b"1", b"2"])
    rows = [line.split() for line in run("topic", "list", *at).stdout.splitlines()]
    assert [row[:2] for row in rows if row and row[0] in {"orders", "prices"}] == [
        ["orders", "3"],
        ["prices", "3"],
    ]
    described = run("topic", "describe", "orders", *at).stdout
    assert "3 partitions" in described
    assert "retention.ms=1234" in described
    assert re.search(r"^\s*0\s+0\s+2\s+2\s", described, re.MULTILINE)
    assert run("topic", "delete", "orders", "--yes", *at).stdout == "deleted orders\n"
    assert "orders" not in run("topic", "list", *at).stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["create", "there"], "TOPIC_ALREADY_EXISTS"),
        (["create", "a b"], "INVALID_TOPIC_EXCEPTION"),
        (["create", "new", "-p", "0"], "INVALID_PARTITIONS"),
        (["create", "new", "-c", "no.such=1"], "INVALID_CONFIG"),
        (["describe", "none"], "describe topic none: UNKNOWN_TOPIC_OR_PARTITION"),
        (["delete", "none", "--yes"], "delete topic none: UNKNOWN_TOPIC_OR_PARTITION"),
    ],
)
def test_what_the_broker_refuses_is_said_in_one_line(
    bootstrap: str, run: Command, arguments: list[str], message: str
) -> None:
    with Client(bootstrap) as client:
        if "there" not in {topic.name for topic in list_topics(client)}:
            create_topics(client, ["there"], 1, {})
    assert message in failure(run("topic", *arguments, "--bootstrap", bootstrap))


def test_asking_for_a_topic_does_not_create_it(bootstrap: str, run: Command) -> None:
    run("topic", "describe", "never-made", "--bootstrap", bootstrap)
    with Client(bootstrap) as client:
        assert "never-made" not in {topic.name for topic in list_topics(client)}


def test_the_first_broker_that_answers_is_asked(bootstrap: str) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        dead = f"127.0.0.1:{closed.getsockname()[1]}"
        with Client(f"{dead},{bootstrap}") as client:
            list_topics(client)


@contextmanager
def impostor(answer: bytes | None) -> Iterator[str]:
    """Listen, and give each request this answer, or close at once where there is none."""

    def serve() -> None:
        connection, _ = listener.accept()
        with connection, suppress(ConnectionResetError):
            if answer is not None:
                connection.recv(65536)
                connection.sendall(answer)
                connection.recv(65536)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        yield f"127.0.0.1:{listener.getsockname()[1]}"
        thread.join()


NO_APIS = b"\x00\x00\x00\x0a" + b"\x00\x00\x00\x01" + b"\x00\x00" + b"\x00\x00\x00\x00"
OTHER_REQUEST = b"\x00\x00\x00\x0a" + b"\x00\x00\x00\x63" + b"\x00\x00" + b"\x00\x00\x00\x00"


@pytest.mark.parametrize(
    ("answer", "kind", "message"),
    [
        (None, Unavailable, "connection was closed|reset by peer"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", Corrupt, "is this a Kafka listener"),
        (b"\x00\x00\x00\x00", Corrupt, "is this a Kafka listener"),
        (b"\xff\xff\xff\xff", Corrupt, "is this a Kafka listener"),
        (OTHER_REQUEST, Corrupt, "expected the answer to request 1, found that to 99"),
        (NO_APIS, InvalidRequest, "Metadata.*: expected a version of .*, found none"),
        (b"\x00\x00\x00\x04\x00\x00\x00\x01", InvalidRequest, "ApiVersions"),
    ],
    ids=["closed", "http", "empty", "negative", "foreign", "no apis", "cut"],
)
def test_what_is_no_kafka_broker_is_told_apart(
    answer: bytes | None, kind: type[Exception], message: str
) -> None:
    with impostor(answer) as address, pytest.raises(kind, match=message), Client(address, 10) as client:
        list_topics(client)


def test_a_broker_that_does_not_answer_is_not_waited_for_for_ever() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        pytest.raises(Unavailable, match="timed out"),
        Client(f"127.0.0.1:{silent.getsockname()[1]}", timeout_s=0.1),
    ):
        pass


def test_segments_are_inspected_by_file_and_by_key(serve: Serve, run: Command, tmp_path: Path) -> None:
    broker = serve()
    produce(
        broker.bootstrap, "looked-at", [b"a", b"b", b"c"], **{"enable.idempotence": True, "linger.ms": 1000}
    )
    broker.stop()
    [file] = segments_of(broker)
    key = str(file.relative_to(broker.data / "objects"))
    by_file = run("segment", "inspect", str(file), "--verify", "--batches", "--json")
    by_key = run("segment", "inspect", key, "--data", str(broker.data), "--verify", "--batches", "--json")
    assert by_file.stdout == by_key.stdout
    found = json.loads(by_file.stdout)
    assert SegmentKey.parse(key).segment_id.hex() == found["segment_id"]
    assert SegmentKey.parse(key).created_ms == found["created_ms"]
    assert (found["size"], found["verified_batches"]) == (file.stat().st_size, 1)
    [log] = found["logs"]
    assert (log["partition"], log["batches"], log["records"]) == (0, 1, 3)
    [batch] = log["batch_list"]
    assert (batch["records"], batch["base_sequence"]) == (3, 0)
    store = run("segment", "inspect", key, "--store", f"file://{broker.data}/objects")
    assert "3 records in 1 batch of 1 partition" in store.stdout
    shown = run("segment", "inspect", str(file), "--verify", "--batches").stdout
    assert "all checksums and counts are right (1 batch)" in shown
    assert f"{batch['crc']:08x}" in shown


def test_a_segment_that_is_damaged_is_found_out(serve: Serve, run: Command, tmp_path: Path) -> None:
    broker = serve()
    produce(broker.bootstrap, "damaged", [b"x" * 1000])
    broker.stop()
    [file] = segments_of(broker)
    whole = file.read_bytes()
    damaged = tmp_path / "damaged"
    damaged.write_bytes(whole[:500] + bytes([whole[500] ^ 1]) + whole[501:])
    assert "checksum" in failure(run("segment", "inspect", str(damaged), "--verify"))
    assert run("segment", "inspect", str(damaged)).returncode == 0
    for size in (0, 1, 39, len(whole) - 1):
        damaged.write_bytes(whole[:size])
        assert str(damaged) in failure(run("segment", "inspect", str(damaged)))
    assert "Is a directory" in failure(run("segment", "inspect", str(tmp_path)))


@pytest.mark.slow
def test_the_demo_checks_every_record_and_leaves_nothing_behind(
    run: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    done = run("demo", "--records", "5000", "--partitions", "3")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "5,000 records in 3 partitions: none missing, none doubled, in order, byte for byte" in done.stdout
    puts = re.search(r"objects\s+([\d,]+) of .*, ([\d,]+) PUTs", done.stdout)
    assert puts is not None
    assert puts[1] == puts[2]
    assert list(tmp_path.iterdir()) == []


@contextmanager
def running_demo(directory: Path, *options: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a demo whose output and data lie in `directory`; its broker ends with it whatever happens."""
    with (directory / "out").open("w") as out:
        demo = subprocess.Popen(
            [sys.executable, "-m", "skylog", "demo", *options],
            stdout=out,
            stderr=subprocess.STDOUT,
            env={"TMPDIR": str(directory), "PATH": ""},
        )
        try:
            yield demo
        finally:
            brokers = psutil.Process(demo.pid).children() if demo.poll() is None else []
            for process in (demo, *brokers):
                process.kill()
            demo.wait()


@pytest.mark.slow
def test_the_demo_interrupted_stops_its_broker_and_keeps_its_data(tmp_path: Path) -> None:
    log = tmp_path / "out"
    with running_demo(tmp_path, "--keep", "--records", "100") as demo:
        wait_until(lambda: "Ctrl-C stops the broker" in log.read_text(), "the demo's end", 60)
        [address] = re.findall(r"bootstrap\.servers=(\S+),", log.read_text())
        with Client(address) as client:
            assert {topic.name for topic in list_topics(client)} >= {"demo", "demo-latency"}
        demo.send_signal(signal.SIGTERM)
        assert demo.wait(60) == 0
    with pytest.raises(Unavailable), Client(address):
        pass
    assert list(tmp_path.glob("skylog-demo-*/data/objects/segments"))


def test_the_demo_says_when_its_broker_dies(tmp_path: Path) -> None:
    log = tmp_path / "out"
    with running_demo(tmp_path, "--records", "5000000") as demo:
        wait_until(lambda: "listens on" in log.read_text(), "the demo's broker", 60)
        [broker] = psutil.Process(demo.pid).children()
        [directory] = tmp_path.glob("skylog-demo-*")
        segments = directory / "data" / "objects" / "segments"
        wait_until(lambda: sum(path.is_file() for path in segments.rglob("*")) > 150, "the load", 60)
        broker.kill()
        assert demo.wait(30) == 1
    assert "skylog: the broker ended with exit code -9" in log.read_text()
    assert "Traceback" not in log.read_text()
    assert list(tmp_path.glob("skylog-demo-*")) == []
