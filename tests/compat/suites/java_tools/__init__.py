"""Kafka's own command-line tools against the broker: scenarios that check what the tools say."""

from __future__ import annotations

from compat.suites.java_tools import clusters, configs, features, groups, loads, offsets, records, topics
from compat.suites.java_tools.suite import JavaTools

JAVA_TOOLS = JavaTools(
    *(module.SCENARIOS for module in (topics, configs, records, loads, offsets, groups, clusters, features))
)
