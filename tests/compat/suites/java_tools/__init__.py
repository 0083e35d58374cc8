"""Kafka's own command-line tools against the broker: scenarios that check what the tools say."""

from __future__ import annotations

from compat.suites.java_tools import (
    clusters,
    configs,
    features,
    groups,
    loads,
    offsets,
    past,
    records,
    topics,
)
from compat.suites.java_tools.kits import PAST, PRESENT
from compat.suites.java_tools.suite import JavaTools

JAVA_TOOLS = JavaTools(
    "java-tools",
    "Apache Kafka's command-line tools",
    PRESENT,
    *(module.SCENARIOS for module in (topics, configs, records, loads, offsets, groups, clusters, features)),
)
PAST_JAVA_TOOLS = JavaTools(
    "java-tools-2.1", "Apache Kafka's command-line tools of 2019", PAST, past.SCENARIOS
)
