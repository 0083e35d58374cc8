"""Scenarios by name: what the ratchet calls a test."""

from __future__ import annotations

from collections.abc import Callable

from compat.suites.java_tools.tools import Tools

Scenario = Callable[[Tools], None]


class Scenarios(dict[str, Scenario]):
    """The scenarios of a module, in the order they stand there."""

    def __call__(self, name: str) -> Callable[[Scenario], Scenario]:
        """Take in the function below under a name: the tool, then what it does."""

        def register(function: Scenario) -> Scenario:
            self[name] = function
            return function

        return register
