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
ADMIN = Parts("librdkafka-admin", "librdkafka, the parts of its test of admin calls", "0081_admin")
