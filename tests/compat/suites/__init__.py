"""All suites by name: one import and one entry each."""

from __future__ import annotations

from compat.model import Suite
from compat.suites import kafka_python, kcat, librdkafka
from compat.suites.java_tools import JAVA_TOOLS, PAST_JAVA_TOOLS

SUITES: dict[str, Suite] = {
    suite.name: suite
    for suite in (
        kcat.SUITE,
        librdkafka.DEFAULT,
        librdkafka.WITHOUT_CREATION,
        librdkafka.IN_PARTS,
        kafka_python.PRESENT,
        kafka_python.PAST,
        JAVA_TOOLS,
        PAST_JAVA_TOOLS,
    )
}
