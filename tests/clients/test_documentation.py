"""The examples that people copy: every guide, and every docstring that shows a prompt."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
from pathlib import Path

import pytest

import skylog

GUIDES = sorted((Path(__file__).parents[2] / "docs" / "guide").glob("*.md"))
MODULES = [
    module.name
    for module in pkgutil.walk_packages(skylog.__path__, "skylog.")
    if not module.name.endswith(("__main__", "_core"))
]


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.stem)
def test_guides_run_as_they_stand(guide: Path) -> None:
    result = doctest.testfile(str(guide), module_relative=False)
    assert result.attempted > 0
    assert result.failed == 0


@pytest.mark.parametrize("name", MODULES)
def test_docstrings_run_as_they_stand(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0
