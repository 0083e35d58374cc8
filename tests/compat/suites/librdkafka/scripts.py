"""The scripts of a Kafka installation that some tests call, on the jars of the suite of Kafka's tools."""

from __future__ import annotations

from pathlib import Path

from compat.suites.java_tools import JAVA_TOOLS, jars

_CLASSES = {
    "kafka-topics.sh": "org.apache.kafka.tools.TopicCommand",
    "kafka-acls.sh": "org.apache.kafka.tools.AclCommand",
}
_SCRIPT = '#!/bin/sh\nexec java -XX:TieredStopAtLevel=1 -cp "{classpath}" {name} "$@"\n'


def prepare(kafka: Path, cache: Path) -> None:
    """Write the scripts below `kafka`, where the tests look for an installation."""
    tools = cache / JAVA_TOOLS.name
    tools.mkdir(parents=True, exist_ok=True)
    JAVA_TOOLS.prepare(tools)
    (kafka / "bin").mkdir(parents=True, exist_ok=True)
    for script, name in _CLASSES.items():
        path = kafka / "bin" / script
        path.write_text(_SCRIPT.format(classpath=jars.classpath(tools / JAVA_TOOLS.version), name=name))
        path.chmod(0o755)
