"""kafka-python's integration tests, as its source distribution carries them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from compat import pytests
from compat.model import Result, Sections, Target

REQUIREMENTS = ("crc32c==2.9.post0", "lz4==4.4.5", "python-snappy==0.7.3", "zstandard==0.25.0")

# The distribution leaves this module of its tests out; of a broker that runs elsewhere they only keep it.
SERVICE = '''
class ExternalService:
    """A broker that the tests neither start nor stop."""

    def __init__(self, host, port):
        self.host = host
        self.port = port

    def dump_logs(self):
        """Its logs are not the tests' to see."""


class SpawnedService:
    """A broker of the tests' own: there is none to start."""

    def __init__(self, *args, **kwargs):
        raise RuntimeError("the tests may not start servers")
'''


class KafkaPython:
    """Its integration tests, one process of pytest for each.

    Parameters
    ----------
    name, title
        As in `model.Suite`.
    kafka
        The version of Kafka that the tests are told the broker to be. The client then speaks the versions of
        the protocol that this one has, and the tests leave out what it cannot do.
    """

    version = "3.0.12"

    def __init__(self, name: str, title: str, kafka: str) -> None:
        self.name = name
        self.title = title
        self.broker: Sections = {"topics": {"num_partitions": 4}}
        self._kafka = kafka
        self._home = Path()

    def prepare(self, workplace: Path) -> None:
        """Download the source distribution with pip and install it apart, once for both suites."""
        self._home = workplace.parent / f"kafka-python-{self.version}"
        if (self._home / "ready").exists():
            return
        sources = pytests.install(self._home, "kafka-python", self.version, REQUIREMENTS)
        (sources / "test" / "__init__.py").touch()
        (sources / "test" / "service.py").write_text(SERVICE)
        (self._home / "ready").touch()

    def tests(self) -> list[str]:
        return pytests.collect(self._session("127.0.0.1:9", self._home))

    def run(self, target: Target, tests: Sequence[str]) -> Iterator[Result]:
        session = self._session(target.bootstrap, target.workplace)
        for test in tests:
            yield pytests.run(session, test, target.seconds_max)

    def _session(self, bootstrap: str, workplace: Path) -> pytests.Session:
        environment = {
            "KAFKA_VERSION": self._kafka,
            "KAFKA_ROOT": ".",
            "KAFKA_URI": f"kafka://{bootstrap}",
        }
        return pytests.Session(self._home, "test/integration", environment, workplace / "logs")


PRESENT = KafkaPython("kafka-python", "kafka-python, integration tests", "4.3.0")
PAST = KafkaPython("kafka-python-2.1", "kafka-python, speaking as to Kafka 2.1", "2.1.0")
