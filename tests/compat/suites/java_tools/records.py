"""kafka-console-producer and kafka-console-consumer."""

from __future__ import annotations

from pathlib import Path

from compat.suites.java_tools.checks import contains, same
from compat.suites.java_tools.scenario import Scenarios
from compat.suites.java_tools.tools import Tools

SCENARIOS = Scenarios()

LINES = [f"line {number}" for number in range(20)]


def produce(tools: Tools, topic: str, lines: list[str], *options: str) -> None:
    """Send lines with the console producer."""
    text = "".join(f"{line}\n" for line in lines)
    tools.run("kafka-console-producer", "--topic", topic, *options, stdin=text)


def consume(tools: Tools, count: int, *options: str) -> list[str]:
    """Return `count` lines that the console consumer prints."""
    bounds = ("--max-messages", str(count), "--timeout-ms", "30000")
    return tools.run("kafka-console-consumer", *bounds, *options).lines


@SCENARIOS("kafka-console-producer/lines come back in order")
def lines(tools: Tools) -> None:
    topic = tools.topic()
    produce(tools, topic, LINES)
    same("lines", consume(tools, 20, "--topic", topic, "--from-beginning"), LINES)


def _compressed(codec: str) -> None:
    @SCENARIOS(f"kafka-console-producer/{codec}")
    def lines(tools: Tools) -> None:
        topic = tools.topic()
        produce(tools, topic, LINES, "--compression-codec", codec)
        same("lines", consume(tools, 20, "--topic", topic, "--from-beginning"), LINES)


for _codec in ("gzip", "snappy", "lz4", "zstd"):
    _compressed(_codec)


def _acknowledged(acks: str) -> None:
    @SCENARIOS(f"kafka-console-producer/acks={acks}")
    def lines(tools: Tools) -> None:
        topic = tools.topic()
        options = ("--command-property", f"acks={acks}", "--command-property", "enable.idempotence=false")
        produce(tools, topic, LINES, *options)
        same("lines", consume(tools, 20, "--topic", topic, "--from-beginning"), LINES)


for _acks in ("0", "1", "all"):
    _acknowledged(_acks)


@SCENARIOS("kafka-console-producer/creates the topic")
def creates_the_topic(tools: Tools) -> None:
    topic = tools.name()
    produce(tools, topic, LINES[:3])
    options = ("--topic", topic, "--from-beginning")
    same("lines", sorted(consume(tools, 3, *options)), LINES[:3])


@SCENARIOS("kafka-console-consumer/keys, headers, offsets, timestamps")
def all_of_a_record(tools: Tools) -> None:
    topic = tools.topic()
    reading = ("parse.key=true", "parse.headers=true", "null.marker=NULL")
    sent = ["colour:red,size:1\tkey\tvalue", "a:b\tNULL\tkeyless", "a:b\tdeleted\tNULL"]
    produce(tools, topic, sent, *_each("--reader-property", reading))
    printing = [f"print.{what}=true" for what in ("headers", "key", "offset", "partition", "timestamp")]
    options = _each("--formatter-property", printing)
    found = consume(tools, 3, "--topic", topic, "--from-beginning", *options)
    rows = [row.split("\t") for row in found]
    same("the kind of timestamp", {row[0].partition(":")[0] for row in rows}, {"CreateTime"})
    same("partitions", [row[1] for row in rows], ["Partition:0"] * 3)
    same("offsets", [row[2] for row in rows], ["Offset:0", "Offset:1", "Offset:2"])
    same("headers", [row[3] for row in rows], ["colour:red,size:1", "a:b", "a:b"])
    same("keys", [row[4] for row in rows], ["key", "null", "deleted"])
    same("values", [row[5] for row in rows], ["value", "keyless", "null"])


@SCENARIOS("kafka-console-consumer/from an offset")
def from_an_offset(tools: Tools) -> None:
    topic = tools.topic()
    produce(tools, topic, LINES)
    found = consume(tools, 5, "--topic", topic, "--partition", "0", "--offset", "15")
    same("lines", found, LINES[15:])


@SCENARIOS("kafka-console-consumer/a group goes on where it was")
def goes_on(tools: Tools) -> None:
    topic, group = tools.topic(), tools.name("-group")
    produce(tools, topic, LINES)
    options = ("--topic", topic, "--group", group, "--from-beginning")
    same("first", consume(tools, 8, *options), LINES[:8])
    same("then", consume(tools, 12, *options), LINES[8:])


@SCENARIOS("kafka-console-consumer/topics by a pattern")
def by_a_pattern(tools: Tools) -> None:
    for suffix, sent in {"-one": LINES[:5], "-two": LINES[5:10]}.items():
        produce(tools, tools.topic(suffix=suffix), sent)
    found = consume(tools, 10, "--include", f"{tools.name('-(one|two)')}", "--from-beginning")
    same("lines", sorted(found), sorted(LINES[:10]))


@SCENARIOS("kafka-console-consumer/read committed")
def read_committed(tools: Tools) -> None:
    topic = tools.topic()
    produce(tools, topic, LINES)
    options = ("--topic", topic, "--from-beginning", "--isolation-level", "read_committed")
    same("lines", consume(tools, 20, *options), LINES)


@SCENARIOS("kafka-console-consumer/waits for what comes")
def waits(tools: Tools) -> None:
    topic = tools.topic()
    with tools.running("kafka-console-consumer", "--topic", topic, "--from-beginning") as output:
        produce(tools, topic, LINES[:1])
        tools.until(lambda: _lines(output) == LINES[:1], "the first line")
        produce(tools, topic, LINES[1:2])
        tools.until(lambda: _lines(output) == LINES[:2], "the second line")


@SCENARIOS("kafka-console-producer/too large a record is refused")
def too_large(tools: Tools) -> None:
    topic = tools.topic("--config", "max.message.bytes=1000")
    said = tools.attempt("kafka-console-producer", "--topic", topic, "--sync", stdin="x" * 5000 + "\n")
    contains("the error", said.all + tools.client_log(), "RecordTooLargeException")


def _lines(output: Path) -> list[str]:
    return output.read_text().splitlines()


def _each(option: str, settings: list[str] | tuple[str, ...]) -> list[str]:
    return [part for setting in settings for part in (option, setting)]
