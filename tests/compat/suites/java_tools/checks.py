"""What a scenario holds against what a tool said."""

from __future__ import annotations

from typing import TypeVar

_Found = TypeVar("_Found")


class Mismatch(Exception):
    """A tool did not say what it says of Apache Kafka; the message says what was found."""


def same(what: str, found: _Found, expected: _Found) -> None:
    """Hold that both are equal."""
    if found != expected:
        raise Mismatch(f"{what}: expected {expected!r}, found {found!r}")


def contains(what: str, text: str, *parts: str) -> None:
    """Hold that each part stands in the text."""
    for part in parts:
        if part not in text:
            raise Mismatch(f"{what}: expected {part!r} in {text!r}")


def lacks(what: str, text: str, part: str) -> None:
    """Hold that the part does not stand in the text."""
    if part in text:
        raise Mismatch(f"{what}: expected no {part!r} in {text!r}")


def holds(what: str, condition: bool, found: object) -> None:
    """Hold a condition on what was found."""
    if not condition:
        raise Mismatch(f"{what}, found {found!r}")
