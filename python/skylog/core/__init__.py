"""The only door to Rust: what :mod:`skylog.core._core` exports, by name."""

from skylog.core._core import *  # noqa: F403
