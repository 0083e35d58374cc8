"""What librdkafka's sources say of its tests."""

from __future__ import annotations

import re
from dataclasses import dataclass

_DECLARATION = re.compile(r"_TEST\((\d{4}_\w+),\s*([\w\s|]+?)[,)](.*?)(?=\b_TEST\(|\{NULL\})", re.DOTALL)
_SCENARIO = re.compile(r'\.scenario\s*=\s*"([^"]*)"')
_FUNCTION = re.compile(r"^(?:static )?void\s+(\w+)\(.*?^\}", re.DOTALL | re.MULTILINE)
_WITHOUT_BROKER = {"TEST_F_LOCAL", "TEST_F_MANUAL"}


@dataclass(frozen=True, slots=True)
class Declared:
    """A line of the table of tests in test.c."""

    name: str
    flags: frozenset[str]
    scenarios: frozenset[str]

    @property
    def number(self) -> str:
        """What a run is asked for by; several tests may share one."""
        return self.name[:4]

    @property
    def needs_broker(self) -> bool:
        """Whether it talks to a real one: librdkafka's mock of a cluster lies in librdkafka."""
        return not self.flags & _WITHOUT_BROKER and not self.name.endswith("_mock")


def declared(source: str) -> list[Declared]:
    """Read the table of tests."""
    found = _DECLARATION.findall(source)
    return [
        Declared(name, frozenset(re.findall(r"\w+", flags)), _scenarios(rest)) for name, flags, rest in found
    ]


def parts(source: str) -> list[str]:
    """Return the functions of a test that are a part of it, one that can be run by itself."""
    return [found[1] for found in _FUNCTION.finditer(source) if "SUB_TEST" in found[0]]


def _scenarios(rest: str) -> frozenset[str]:
    found = _SCENARIO.search(rest)
    return frozenset(found[1].split(",") if found else ("default",))
