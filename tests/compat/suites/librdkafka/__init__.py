"""librdkafka's own tests, as the npm package of Confluent's JavaScript client carries them."""

from __future__ import annotations

from compat.suites.librdkafka.parts import Parts
from compat.suites.librdkafka.suite import Scenario

DEFAULT = Scenario("librdkafka", "librdkafka", "default")
WITHOUT_CREATION = Scenario(
    "librdkafka-noautocreate",
    "librdkafka, topics not created on demand",
    "noautocreate",
    auto_create_topics_enable=False,
)
IN_PARTS = Parts(
    "librdkafka-parts",
    "librdkafka, the parts of three tests that do not pass as a whole",
    "0081_admin",
    "0103_transactions",
    "0137_barrier_batch_consume",
)
