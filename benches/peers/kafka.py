"""Apache Kafka, one node (KRaft), from Maven Central: with its log on disk or on tmpfs."""

from __future__ import annotations

import shutil
import subprocess
import time
from pathlib import Path

from peers.brokers import Broker, Seat, free_port_pair
from peers.children import Child, Failed

VERSION = "4.3.1"
HEAP = "1G"
FLAGS = (
    *("-server", "-XX:+UseG1GC", "-XX:MaxGCPauseMillis=20", "-XX:InitiatingHeapOccupancyPercent=35"),
    *("-XX:+ExplicitGCInvokesConcurrent", "-Djava.awt.headless=true"),
)
"""What Kafka's own start scripts give to the JVM."""

_DEPENDENCIES = (
    ("org.apache.kafka", "kafka_2.13", VERSION),
    ("org.apache.kafka", "kafka-tools", VERSION),
    ("org.apache.logging.log4j", "log4j-slf4j-impl", "2.25.4"),
)
_POM = """<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>skylog</groupId><artifactId>bench-peers</artifactId><version>1</version><packaging>pom</packaging>
<dependencies>{}</dependencies></project>
"""
_LOGGING = """appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = [%d] %p %m (%c)%n
rootLogger.level = WARN
rootLogger.appenderRef.console.ref = console
"""
_PROPERTIES = """process.roles=broker,controller
node.id=1
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
controller.listener.names=CONTROLLER
controller.quorum.bootstrap.servers=127.0.0.1:{controller}
inter.broker.listener.name=PLAINTEXT
log.dirs={data}
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
auto.create.topics.enable=false
log.segment.delete.delay.ms=0
log.initial.task.delay.ms=0
"""
"""Defaults but for one node, and files of deleted topics go at once."""

_CLUSTER_ID = "c2t5bG9nLWJlbmNocGVlcg"
_FORGET_S_MAX = 60.0


def install(jars: Path) -> None:
    """Fetch Apache Kafka with Maven, once. Raises `Failed`."""
    if (jars / "lib" / f"kafka_2.13-{VERSION}.jar").exists():
        return
    if shutil.which("mvn") is None or shutil.which("java") is None:
        raise Failed("Apache Kafka needs mvn and java (Debian: apt-get install maven)")
    jars.mkdir(parents=True, exist_ok=True)
    parts = ("groupId", "artifactId", "version")
    each = [
        "".join(f"<{part}>{value}</{part}>" for part, value in zip(parts, dependency, strict=True))
        for dependency in _DEPENDENCIES
    ]
    (jars / "pom.xml").write_text(_POM.format("".join(f"<dependency>{one}</dependency>" for one in each)))
    command = ["mvn", "--quiet", "--batch-mode", "dependency:copy-dependencies"]
    command += [f"-DoutputDirectory={jars / 'lib'}", "-DincludeScope=runtime"]
    if subprocess.run(command, cwd=jars, check=False).returncode:
        raise Failed(f"mvn did not fetch Apache Kafka {VERSION} into {jars}")


def java(jars: Path, heap: str, *arguments: str) -> list[str]:
    """Return the command that runs a class of Apache Kafka's."""
    (jars / "log4j2.properties").write_text(_LOGGING)
    memory = [f"-Xmx{heap}", f"-Xms{heap}"]
    return ["java", *memory, *FLAGS, "-cp", f"{jars}:{jars / 'lib'}/*", *arguments]


class Kafka(Broker):
    """One node with its files in `directory`."""

    long_lived = True

    def __init__(self, seat: Seat, directory: Path) -> None:
        self._seat = seat
        self._directory = directory
        self.port = free_port_pair()
        self._format()

    def remove(self) -> None:
        """Stop and leave nothing behind."""
        self.stop()
        shutil.rmtree(self._directory, ignore_errors=True)

    def forget(self, topic: str) -> None:
        """Delete a topic; wait until its files are gone. Raises `Failed`."""
        self.admin.delete_topics([topic])[topic].result(30)
        deadline = time.perf_counter() + _FORGET_S_MAX
        while any(self._data.glob(f"{topic}-*")):
            if time.perf_counter() > deadline:
                raise Failed(f"files of topic {topic} stayed for {_FORGET_S_MAX:.0f} s after its deletion")
            time.sleep(0.05)

    def _launch(self) -> Child:
        command = java(self._seat.jars, HEAP, "kafka.Kafka", str(self._directory / "server.properties"))
        return Child(command, self._directory / "broker.log", self._seat.broker_cpus)

    @property
    def _data(self) -> Path:
        return self._directory / "data"

    def _format(self) -> None:
        shutil.rmtree(self._directory, ignore_errors=True)
        self._data.mkdir(parents=True)
        properties = self._directory / "server.properties"
        properties.write_text(_PROPERTIES.format(port=self.port, controller=self.port + 1, data=self._data))
        arguments = ["format", "--standalone", "-t", _CLUSTER_ID, "-c", str(properties)]
        command = java(self._seat.jars, "256M", "kafka.tools.StorageTool", *arguments)
        Child(command, self._directory / "format.log", self._seat.broker_cpus).finish(60)
