"""One scenario's way to the tools: each run is a JVM of its own and ends when the scenario's time is over."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clients.seeds import unique
from clients.waiting import Deadline, wait_until
from compat.suites.java_tools.checks import Mismatch

_PACKAGE = "org.apache.kafka.tools"
CLASSES = {
    "kafka-acls": f"{_PACKAGE}.AclCommand",
    "kafka-broker-api-versions": f"{_PACKAGE}.BrokerApiVersionsCommand",
    "kafka-client-metrics": f"{_PACKAGE}.ClientMetricsCommand",
    "kafka-cluster": f"{_PACKAGE}.ClusterTool",
    "kafka-configs": "kafka.admin.ConfigCommand",
    "kafka-console-consumer": f"{_PACKAGE}.consumer.ConsoleConsumer",
    "kafka-console-producer": f"{_PACKAGE}.ConsoleProducer",
    "kafka-console-share-consumer": f"{_PACKAGE}.consumer.ConsoleShareConsumer",
    "kafka-consumer-groups": f"{_PACKAGE}.consumer.group.ConsumerGroupCommand",
    "kafka-consumer-perf-test": f"{_PACKAGE}.ConsumerPerformance",
    "kafka-delete-records": f"{_PACKAGE}.DeleteRecordsCommand",
    "kafka-e2e-latency": f"{_PACKAGE}.EndToEndLatency",
    "kafka-features": f"{_PACKAGE}.FeatureCommand",
    "kafka-get-offsets": f"{_PACKAGE}.GetOffsetShell",
    "kafka-groups": f"{_PACKAGE}.GroupsCommand",
    "kafka-leader-election": f"{_PACKAGE}.LeaderElectionCommand",
    "kafka-log-dirs": f"{_PACKAGE}.LogDirsCommand",
    "kafka-metadata-quorum": f"{_PACKAGE}.MetadataQuorumCommand",
    "kafka-producer-perf-test": f"{_PACKAGE}.ProducerPerformance",
    "kafka-reassign-partitions": f"{_PACKAGE}.reassign.ReassignPartitionsCommand",
    "kafka-replica-verification": f"{_PACKAGE}.ReplicaVerificationTool",
    "kafka-streams-application-reset": f"{_PACKAGE}.StreamsResetter",
    "kafka-topics": f"{_PACKAGE}.TopicCommand",
    "kafka-transactions": f"{_PACKAGE}.TransactionsCommand",
    "kafka-verifiable-consumer": f"{_PACKAGE}.VerifiableConsumer",
    "kafka-verifiable-producer": f"{_PACKAGE}.VerifiableProducer",
    "client-compatibility-test": f"{_PACKAGE}.ClientCompatibilityTest",
    "transactional-message-copier": f"{_PACKAGE}.TransactionalMessageCopier",
}
_BROKER_COMES_LAST = {"kafka-cluster"}
_BROKER_LIST = {
    "transactional-message-copier": "--broker-list",
    "kafka-replica-verification": "--broker-list",
}
_JVM = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx256m")


Event = dict[str, Any]


def read_events(text: str) -> list[Event]:
    """Read whole lines of JSON; a last line that is still being written is left out."""
    whole = text[: text.rfind("\n") + 1]
    return [json.loads(line) for line in whole.splitlines() if line.startswith("{")]


@dataclass(frozen=True, slots=True)
class Said:
    """What a tool wrote and how it ended."""

    code: int
    out: str
    err: str

    @property
    def all(self) -> str:
        return self.out + self.err

    @property
    def lines(self) -> list[str]:
        """Lines of the output proper that are not empty."""
        return [line for line in self.out.splitlines() if line.strip()]

    @property
    def events(self) -> list[Event]:
        """What a verifiable client tells, line by line."""
        return read_events(self.out)


class Tools:
    """The tools, pointed at a broker.

    Parameters
    ----------
    bootstrap
        "host:port".
    classpath
        Of the jars.
    folder
        For the scenario's files and what the tools write.
    seconds_max
        For all runs together.
    """

    def __init__(self, bootstrap: str, classpath: str, folder: Path, seconds_max: float) -> None:
        self.bootstrap = bootstrap
        self.folder = folder
        self._classpath = classpath
        self._deadline = Deadline(seconds_max, f"the tools of {folder.name}")
        self._prefix = unique(re.sub("[^a-z0-9]+", "-", folder.name))
        self._runs = 0

    def name(self, suffix: str = "") -> str:
        """Return a name for a topic or a group that no other scenario and no earlier run uses."""
        return self._prefix + suffix

    def topic(self, *options: str, suffix: str = "", partitions: int = 1) -> str:
        """Create a topic and return its name."""
        name = self.name(suffix)
        self.run("kafka-topics", "--create", "--topic", name, "--partitions", str(partitions), *options)
        return name

    def file(self, name: str, content: object) -> str:
        """Write a file of JSON or text for a tool and return its path."""
        path = self.folder / name
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return str(path)

    def run(self, tool: str, *arguments: str, stdin: str = "") -> Said:
        """Run a tool that is expected to end with 0."""
        said = self.attempt(tool, *arguments, stdin=stdin)
        if said.code != 0:
            raise Mismatch(f"{tool} {' '.join(arguments)}: exit code {said.code}: {said.all.strip()}")
        return said

    def refused(self, tool: str, *arguments: str) -> Said:
        """Run a tool that is expected not to end with 0."""
        said = self.attempt(tool, *arguments)
        if said.code == 0:
            raise Mismatch(f"{tool} {' '.join(arguments)}: expected a refusal, found: {said.all.strip()}")
        return said

    def attempt(self, tool: str, *arguments: str, stdin: str = "") -> Said:
        """Run a tool to its end; `TimeoutError` if the scenario's time is over before."""
        command = self._command(tool, arguments)
        ended = subprocess.run(
            command, input=stdin, capture_output=True, text=True, timeout=self._deadline.left, check=False
        )
        self._keep(command, f"exit code {ended.returncode}\n{ended.stdout}\n{ended.stderr}")
        return Said(ended.returncode, ended.stdout, ended.stderr)

    def until(self, condition: Callable[[], bool], what: str) -> None:
        """Wait for a condition while the scenario has time."""
        wait_until(condition, what, self._deadline.left)

    def client_log(self) -> str:
        """Return what the Java clients logged as warnings and errors so far."""
        return (self.folder / "client.log").read_text(errors="replace")

    @contextmanager
    def running(self, tool: str, *arguments: str) -> Iterator[Path]:
        """Run a tool beside others and end it at last; gives the file that it writes its output to."""
        command = self._command(tool, arguments)
        output = self._keep(command, "").with_suffix(".out")
        with output.open("wb") as out, output.with_suffix(".err").open("wb") as err:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=err)
        try:
            yield output
        finally:
            process.kill()
            process.wait()

    def _command(self, tool: str, arguments: tuple[str, ...]) -> list[str]:
        broker = (_BROKER_LIST.get(tool, "--bootstrap-server"), self.bootstrap)
        ordered = (*arguments, *broker) if tool in _BROKER_COMES_LAST else (*broker, *arguments)
        log = f"-Dclient.log={self.folder / 'client.log'}"
        return ["java", *_JVM, log, "-cp", self._classpath, CLASSES[tool], *ordered]

    def _keep(self, command: list[str], text: str) -> Path:
        self._runs += 1
        path = self.folder / f"{self._runs:02}.log"
        path.write_text(f"{' '.join(command)}\n{text}")
        return path
