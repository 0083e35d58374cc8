"""The jars of Kafka's tools, by Maven."""

from __future__ import annotations

from pathlib import Path

from compat import processes

KAFKA = "4.3.1"

_DEPENDENCIES = (
    ("org.apache.kafka", "kafka-tools", KAFKA),
    ("org.apache.kafka", "kafka_2.13", KAFKA),
    ("org.apache.logging.log4j", "log4j-slf4j-impl", "2.25.4"),
)
_COPY = ("dependency:copy-dependencies", "-DoutputDirectory=lib", "-DincludeScope=runtime")

# Warnings of the clients go beside what the tool writes, not into it.
_LOGGING = """\
appender.file.type = File
appender.file.name = file
appender.file.fileName = ${sys:client.log}
appender.file.layout.type = PatternLayout
appender.file.layout.pattern = [%d] %p %m (%c)%n
rootLogger.level = WARN
rootLogger.appenderRef.file.ref = file
"""


def download(home: Path) -> None:
    """Fill `home` with all that a tool needs to run."""
    home.mkdir(parents=True, exist_ok=True)
    (home / "pom.xml").write_text(_project())
    processes.build(["mvn", "--quiet", "--batch-mode", *_COPY], home)
    (home / "log4j2.properties").write_text(_LOGGING)


def classpath(home: Path) -> str:
    """Return the class path that `download` filled."""
    return f"{home}:{home}/lib/*"


def _project() -> str:
    return f"""\
<project xmlns="http://maven.apache.org/POM/4.0.0">
<modelVersion>4.0.0</modelVersion>
<groupId>compat</groupId><artifactId>java-tools</artifactId><version>1</version><packaging>pom</packaging>
<dependencies>{"".join(_dependency(*names) for names in _DEPENDENCIES)}</dependencies>
</project>
"""


def _dependency(group: str, artifact: str, version: str) -> str:
    names = {"groupId": group, "artifactId": artifact, "version": version}
    return f"<dependency>{''.join(f'<{key}>{name}</{key}>' for key, name in names.items())}</dependency>"
