"""Coordinators by URL."""

from __future__ import annotations

import pytest

from skylog.clock import SystemClock
from skylog.coordinator.open import open_coordinator
from skylog.errors import InvalidConfig


@pytest.mark.parametrize(
    "url",
    [
        "",
        "sqlite",
        "sqlite:",
        "sqlite:relative.db",
        "sqlite://host/x.db",
        "sqlite:///dir/",
        "postgresql://u@h/d",
    ],
)
def test_a_wrong_url_is_told_what_would_be_right(url: str) -> None:
    with pytest.raises(InvalidConfig, match="expected sqlite::memory: or sqlite:///absolute"):
        open_coordinator(url, SystemClock())


def test_secrets_of_a_url_stay_out_of_the_message() -> None:
    with pytest.raises(InvalidConfig) as caught:
        open_coordinator("postgresql://me:secret@host/db", SystemClock())
    assert "secret" not in str(caught.value)


def test_paths_are_taken_as_they_stand() -> None:
    assert "/tmp/a%20b c.db" in repr(open_coordinator("sqlite:///tmp/a%20b c.db", SystemClock()))
