"""What a request asks of an S3-like store, by its path and query alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from urllib.parse import parse_qs, unquote, urlsplit

from faults.http import Head

Kind = Literal[
    "put", "get", "get_range", "head", "delete", "delete_many", "list", "multipart", "bucket", "other"
]


@dataclass(frozen=True, slots=True)
class Operation:
    """Kind and key of a request in path style: ``/bucket/key``."""

    method: str
    kind: Kind
    key: str

    @classmethod
    def of(cls, head: Head) -> Operation:
        """Read them from a request's head."""
        method, target, _ = head.start.split(" ", 2)
        parts = urlsplit(target)
        _, _, key = unquote(parts.path).lstrip("/").partition("/")
        query = parse_qs(parts.query, keep_blank_values=True)
        return cls(method, _kind(method, key, query, head), key)


def _kind(method: str, key: str, query: dict[str, list[str]], head: Head) -> Kind:
    if {"uploads", "uploadId"} & query.keys():
        return "multipart"
    if key:
        return _kind_of_object(method, head)
    if method == "POST" and "delete" in query:
        return "delete_many"
    if method == "GET" and ("list-type" in query or "prefix" in query or not query):
        return "list"
    return "bucket"


def _kind_of_object(method: str, head: Head) -> Kind:
    if method == "GET":
        return "get" if head.get("range") is None else "get_range"
    kinds: dict[str, Kind] = {"PUT": "put", "HEAD": "head", "DELETE": "delete"}
    return kinds.get(method, "other")
