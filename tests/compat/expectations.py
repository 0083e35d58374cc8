"""The list of what passes and, for every other test, why not: `expected/NAME.toml`."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

FOLDER = Path(__file__).parent / "expected"

MISSING = "missing: "
KINDS = (
    "fails on Apache Kafka too",
    "needs more than one broker",
    "needs other servers",
    "left out by the suite",
    "differs by design",
    "fault",
)


@dataclass(frozen=True, slots=True)
class Known:
    """Why a test does not pass: a kind to count by and a sentence to read."""

    kind: str
    reason: str

    def __post_init__(self) -> None:
        if self.kind not in KINDS and not (self.kind.startswith(MISSING) and len(self.kind) > len(MISSING)):
            raise ValueError(f"kind: expected one of {', '.join(KINDS)} or '{MISSING}…', found {self.kind!r}")
        if not self.reason.strip():
            raise ValueError(f"reason: expected a sentence beside the kind {self.kind!r}, found none")


@dataclass(frozen=True, slots=True)
class Expectations:
    """What is expected of one version of a suite; a test is in one of the two lists, at most."""

    version: str = ""
    passing: frozenset[str] = frozenset()
    known: Mapping[str, Known] = field(default_factory=dict)

    def __post_init__(self) -> None:
        both = sorted(self.passing & self.known.keys())
        if both:
            raise ValueError(f"expected to pass and known not to: {', '.join(both)}")

    @property
    def names(self) -> set[str]:
        return {*self.passing, *self.known}

    def updated(self, version: str, existing: Iterable[str], passed: Iterable[str]) -> Expectations:
        """Return the list with what passed taken in; only tests that no longer exist drop out."""
        exist = set(existing)
        passing = frozenset((self.passing | set(passed)) & exist)
        known = {name: why for name, why in self.known.items() if name in exist - passing}
        return Expectations(version, passing, known)


def load(name: str, folder: Path = FOLDER) -> Expectations:
    """Read the list of a suite; a suite without a file expects nothing.

    Raises
    ------
    ValueError
        Names the file: not TOML, an unknown kind, no reason, a test in both lists.
    """
    path = folder / f"{name}.toml"
    if not path.exists():
        return Expectations()
    try:
        table = tomllib.loads(path.read_text())
        known = {test: Known(**why) for test, why in table.get("known", {}).items()}
        return Expectations(table["version"], frozenset(table["passing"]), known)
    except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path}: {error}") from error


def save(name: str, expectations: Expectations, folder: Path = FOLDER) -> None:
    """Write the list of a suite, sorted, one line a test."""
    (folder / f"{name}.toml").write_text(render(expectations))


def render(expectations: Expectations) -> str:
    """Return the list as TOML."""
    passing = "".join(f"  {_quoted(test)},\n" for test in sorted(expectations.passing))
    known = "".join(known_line(test, why) for test, why in sorted(expectations.known.items()))
    return f"version = {_quoted(expectations.version)}\npassing = [\n{passing}]\n\n[known]\n{known}"


def known_line(test: str, why: Known) -> str:
    """Return the line that says why `test` does not pass."""
    return f"{_quoted(test)} = {{ kind = {_quoted(why.kind)}, reason = {_quoted(why.reason)} }}\n"


def _quoted(text: str) -> str:
    # Of JSON's strings TOML refuses only DEL.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
