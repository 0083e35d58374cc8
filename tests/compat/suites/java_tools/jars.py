"""The jars of Kafka's tools, by Maven."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from compat import processes

_COPY = ("dependency:copy-dependencies", "-DoutputDirectory=lib", "-DincludeScope=runtime")

# Warnings of the clients go beside what the tool writes, not into it; the second file is for old ones.
_LOGGING = {
    "log4j2.properties": """\
appender.file.type = File
appender.file.name = file
appender.file.fileName = ${sys:client.log}
appender.file.layout.type = PatternLayout
appender.file.layout.pattern = [%d] %p %m (%c)%n
rootLogger.level = WARN
rootLogger.appenderRef.file.ref = file
""",
    "log4j.properties": """\
log4j.rootLogger=WARN, file
log4j.appender.file=org.apache.log4j.FileAppender
log4j.appender.file.File=${client.log}
log4j.appender.file.layout=org.apache.log4j.PatternLayout
log4j.appender.file.layout.ConversionPattern=[%d] %p %m (%c)%n
""",
}


@dataclass(frozen=True, slots=True)
class Jars:
    """The version of Kafka and what to ask for: group, artifact, version."""

    kafka: str
    dependencies: tuple[tuple[str, str, str], ...]

    def download(self, home: Path) -> None:
        """Fill `home` with all that a tool needs to run."""
        home.mkdir(parents=True, exist_ok=True)
        (home / "pom.xml").write_text(self._project())
        processes.build(["mvn", "--quiet", "--batch-mode", *_COPY], home)
        for name, text in _LOGGING.items():
            (home / name).write_text(text)

    def _project(self) -> str:
        return f"""\
<project xmlns="http://maven.apache.org/POM/4.0.0">
<modelVersion>4.0.0</modelVersion>
<groupId>compat</groupId><artifactId>java-tools</artifactId><version>1</version><packaging>pom</packaging>
<dependencies>{"".join(_dependency(*names) for names in self.dependencies)}</dependencies>
</project>
"""


def classpath(home: Path) -> str:
    """Return the class path of what was downloaded."""
    return f"{home}:{home}/lib/*"


def _dependency(group: str, artifact: str, version: str) -> str:
    names = {"groupId": group, "artifactId": artifact, "version": version}
    return f"<dependency>{''.join(f'<{key}>{name}</{key}>' for key, name in names.items())}</dependency>"
