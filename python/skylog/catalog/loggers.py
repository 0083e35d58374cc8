"""The loggers of this process and their levels, as DescribeConfigs shows them."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace

from skylog.catalog.definitions import ConfigDefinition, ConfigSource, ConfigType, Layer
from skylog.catalog.entries import Form
from skylog.wire.exchange import Body

_LEVELS = (
    (logging.DEBUG, "DEBUG"),
    (logging.INFO, "INFO"),
    (logging.WARNING, "WARN"),
    (logging.ERROR, "ERROR"),
)
"""Kafka's words, by the highest level that each is said for; above all of them stands FATAL."""


def logger_entries(form: Form) -> list[Body]:
    """Return a row for each logger that exists, with the level that holds for it; levels have no synonyms."""
    plain = replace(form, synonyms=False)
    return [_row(name, logger, plain) for name, logger in _loggers()]


def _loggers() -> Iterator[tuple[str, logging.Logger]]:
    yield "root", logging.root
    for name, logger in sorted(logging.root.manager.loggerDict.items()):
        if isinstance(logger, logging.Logger):
            yield name, logger


def _row(name: str, logger: logging.Logger, form: Form) -> Body:
    level = next((word for level, word in _LEVELS if logger.getEffectiveLevel() <= level), "FATAL")
    definition = ConfigDefinition(name, ConfigType.STRING, level, "")
    return form.row(definition, [Layer(name, level, ConfigSource.BROKER_LOGGER)], read_only=True)
