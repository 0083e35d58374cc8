"""Addresses of object stores: ``scheme://bucket/prefix?name=value``, read with errors that name the part."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

from skylog.errors import InvalidConfig, InvalidRequest
from skylog.storage.keys import check_key

_TRUTH = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}
_SECRETS = re.compile(r"secret|password|token|access_?key|account_?key|credential", re.IGNORECASE)
_USER = re.compile(r"[a-z]+://[^/]*@")


@dataclass(slots=True)
class Address:
    """A store's URL taken apart; its parameters are asked for one by one, `check_all_read` ends it.

    Parameters
    ----------
    url
        The whole, for messages; holds no secrets once `parse` accepted it.
    bucket, prefix
        `prefix` is empty or ends with a slash.
    """

    url: str
    bucket: str
    prefix: str
    _parameters: dict[str, str]
    _read: set[str] = field(default_factory=set)

    @classmethod
    def parse(cls, url: str, example: str) -> Address:
        """Take a URL apart; `example` shows the right form in messages. Raises `InvalidConfig`."""
        parts = urlsplit(url)
        shown = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
        if "@" in parts.netloc:
            raise InvalidConfig(f"store {shown}: expected no credentials in the address; {_WHERE}")
        if not parts.netloc or parts.fragment:
            raise InvalidConfig(f"store {shown}: expected {example}")
        parameters = dict(parse_qsl(parts.query, keep_blank_values=True))
        for name, value in parameters.items():
            if _SECRETS.search(name) or _USER.match(value):
                raise InvalidConfig(
                    f"store {shown}: {name}: expected no credentials in the address; {_WHERE}"
                )
        return cls(url, parts.netloc, _prefix(shown, parts.path), parameters)

    def text(self, name: str, pattern: str, example: str) -> str | None:
        """Return a parameter that matches `pattern` wholly, None where it is not given."""
        value = self._take(name)
        if value is not None and not re.fullmatch(pattern, value):
            raise self.refuse(name, example, value)
        return value

    def choice(self, name: str, choices: Collection[str]) -> str | None:
        """Return a parameter that is one of `choices`."""
        value = self._take(name)
        if value is not None and value not in choices:
            raise self.refuse(name, ", ".join(choices), value)
        return value

    def flag(self, name: str) -> bool | None:
        """Return a parameter that is yes or no."""
        value = self._take(name)
        if value is not None and value not in _TRUTH:
            raise self.refuse(name, "yes or no", value)
        return None if value is None else _TRUTH[value]

    def number(self, name: str, minimum: int, maximum: int, default: int) -> int:
        """Return a parameter that is a whole number from `minimum` to `maximum`."""
        value = self._take(name)
        if value is None:
            return default
        if not re.fullmatch(r"[0-9]{1,18}", value) or not minimum <= int(value) <= maximum:
            raise self.refuse(name, f"a number from {minimum} to {maximum}", value)
        return int(value)

    def endpoint(self, name: str = "endpoint") -> str | None:
        """Return a parameter that is the root of an HTTP service."""
        value = self._take(name)
        if value is None:
            return None
        if not re.fullmatch(r"https?://[A-Za-z0-9.:\[\]_-]+/?", value):
            raise self.refuse(name, "http://HOST:PORT or https://HOST without a path", value)
        return value.rstrip("/")

    def check_all_read(self) -> None:
        """Raise `InvalidConfig` for a parameter that nobody asked for."""
        for name in self._parameters:
            if name not in self._read:
                raise self.refuse("parameters", ", ".join(sorted(self._read)), name)

    def refuse(self, name: str, expected: str, found: object) -> InvalidConfig:
        """Return the error that a parameter deserves."""
        return InvalidConfig(f"store {self.url}: {name}: expected {expected}, found {found!r}")

    def _take(self, name: str) -> str | None:
        self._read.add(name)
        return self._parameters.get(name)


_WHERE = "they come from the environment, a profile or the machine's role"


def _prefix(shown: str, path: str) -> str:
    prefix = path.strip("/")
    if not prefix:
        return ""
    try:
        return check_key(prefix) + "/"
    except InvalidRequest as error:
        raise InvalidConfig(f"store {shown}: prefix: {error}") from None
