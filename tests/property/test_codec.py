"""The codec against two other libraries, and against bytes that nobody should send."""

from __future__ import annotations

import tracemalloc
from collections.abc import Collection, Iterator
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from wire_messages import INTEGERS, bodies, complete
from wire_rivals import rivals_of

from skylog.errors import InvalidRequest
from skylog.wire import codec
from skylog.wire.apis import SERVED
from skylog.wire.facts import IMPLICIT, Direction, Field
from skylog.wire.schemas import MESSAGES
from skylog.wire.shared import SharedRows

SERVED_KEYS = {api.key for api in SERVED}
OTHER_KEYS = {key for key, _ in MESSAGES} - SERVED_KEYS

Case = tuple[int, int, Direction]


def _cases(keys: Collection[int], *, turns: bool = False, direction: Direction | None = None) -> list[Any]:
    """Return all versions of the messages, or with `turns` the first, the first flexible and the last."""
    cases = []
    for key, way in MESSAGES:
        message = codec.message(key, way)
        if key in keys and direction in {None, way}:
            versions = range(message.since, message.until + 1)
            turning = (message.since, message.flexible, message.until)
            cases += [
                pytest.param((key, version, way), id=f"{message.name}-{version}")
                for version in versions
                if not turns or version in turning
            ]
    return cases


def _rounds(examples: int) -> Any:
    return settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )


def _bodies(case: Case) -> st.SearchStrategy[dict[str, Any]]:
    return bodies(codec.message(case[0], case[2]), case[1])


def _encode(case: Case, body: dict[str, Any]) -> bytes:
    parts: list[bytes] = []
    codec.encoder(*case)(body, parts.append)
    return b"".join(parts)


def _decode(case: Case, data: bytes) -> dict[str, Any]:
    body, _ = codec.decoder(*case)(data, 0, codec.memory_bytes(len(data)))
    return body


def _agree(case: Case, body: dict[str, Any]) -> None:
    key, version, direction = case
    message = codec.message(key, direction)
    expected = complete(message.fields, body)
    ours = _encode(case, body)
    assert codec.decoder(*case)(ours, 0, codec.memory_bytes(len(ours))) == (expected, len(ours))
    for rival in rivals_of(key, version, direction, message):
        assert rival.decode(ours) == expected
        assert _decode(case, rival.encode(body)) == expected


@pytest.mark.parametrize("case", _cases(SERVED_KEYS))
@_rounds(6)
@given(data=st.data())
def test_served_messages_mean_the_same_to_other_libraries(case: Case, data: st.DataObject) -> None:
    _agree(case, data.draw(_bodies(case)))


def _shared(value: Any) -> Any:
    """Return a body with all lists of structs shared."""
    if isinstance(value, dict):
        return {name: _shared(inner) for name, inner in value.items()}
    if isinstance(value, list):
        elements = [_shared(inner) for inner in value]
        return SharedRows(elements) if elements and isinstance(elements[0], dict) else elements
    return value


@pytest.mark.parametrize("case", _cases(SERVED_KEYS, turns=True))
@_rounds(6)
@given(data=st.data())
def test_what_is_shared_is_written_as_what_is_not(case: Case, data: st.DataObject) -> None:
    body = data.draw(_bodies(case))
    shared, plain = _shared(body), _encode(case, body)
    assert _encode(case, shared) == plain
    assert _encode(case, shared) == plain


@pytest.mark.parametrize("case", _cases(OTHER_KEYS, turns=True))
@_rounds(3)
@given(data=st.data())
def test_all_other_messages_mean_the_same_to_other_libraries(case: Case, data: st.DataObject) -> None:
    _agree(case, data.draw(_bodies(case)))


@pytest.mark.parametrize("case", _cases(SERVED_KEYS))
@_rounds(3)
@given(data=st.data())
def test_what_is_cut_short_is_refused(case: Case, data: st.DataObject) -> None:
    whole = _encode(case, data.draw(_bodies(case)))
    cuts = {*range(40), *range(40, len(whole), 5000), len(whole) - 1}
    for size in range(len(whole)):
        if size in cuts:
            with pytest.raises(InvalidRequest):
                _decode(case, whole[:size])


LENGTHS = [b"", b"\0", b"\1", b"\2", b"\x7f", b"\x80", b"\xff", b"\x7f\xff", b"\xff\xff", b"\x7f\xff\xff\xff"]
LENGTHS += [b"\xff" * 4, b"\xff" * 4 + b"\x0f", b"\xff" * 6, b"\0\0\0\xff"]
JUNK = st.sampled_from(LENGTHS) | st.binary(max_size=8)


@pytest.mark.parametrize("case", _cases(SERVED_KEYS))
@_rounds(8)
@given(data=st.data())
def test_what_is_mangled_is_refused_or_means_something(case: Case, data: st.DataObject) -> None:
    """Nothing but InvalidRequest comes up, and what is accepted survives the way back."""
    mangled = bytearray(_encode(case, data.draw(_bodies(case))))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, min(len(mangled), 200)))
        mangled[place : place + data.draw(st.integers(0, 4))] = data.draw(JUNK)
    try:
        body = _decode(case, bytes(mangled))
    except InvalidRequest:
        return
    assert _decode(case, _encode(case, body)) == body


BOMB_ELEMENTS = 2_000
NOISE_BYTES = 10_000
"""What an exception and the like take."""


def _bombs(fields: tuple[Field, ...], version: int) -> Iterator[dict[str, Any]]:
    """Yield bodies with many elements in one array, small ones and ones heavy for their size."""
    for field in fields:
        if not field.exists(version):
            continue
        if field.array:
            element = field._replace(array=False, default=IMPLICIT)
            small = {} if field.type == "struct" else element.default_value()
            yield {field.name: [small] * BOMB_ELEMENTS}
            yield {field.name: [_heavy(element, version)] * BOMB_ELEMENTS}
        for inner in _bombs(field.fields, version):
            yield {field.name: [inner] if field.array else inner}


def _heavy(field: Field, version: int) -> Any:
    """Return a value for which Python has no ready-made object."""
    if field.array:
        return []
    if field.type == "struct":
        return {inner.name: _heavy(inner, version) for inner in field.fields if inner.exists(version)}
    if field.type in INTEGERS:
        return INTEGERS[field.type][1]
    return {"string": "ab", "bytes": b"ab"}.get(field.type, field.default_value())


@pytest.mark.parametrize("case", _cases(SERVED_KEYS, turns=True, direction="request"))
def test_memory_stays_a_small_multiple_of_what_came(case: Case) -> None:
    for bomb in _bombs(codec.message(case[0], case[2]).fields, case[1]):
        data = _encode(case, bomb)
        for room in (2**shift for shift in range(14, 21)):
            assert _peak_bytes(case, data, room) <= room + 4 * len(data) + NOISE_BYTES


def test_memory_is_bounded_however_long_the_message() -> None:
    """Sixteen million empty names are 32 MB on the wire and would be gigabytes as dicts."""
    case: Case = (3, 9, "request")
    sixteen_million = b"\x81\x80\x80\x08"
    data = sixteen_million + bytes(2 * 2**24)
    assert _peak_bytes(case, data, codec.memory_bytes(len(data))) < NOISE_BYTES


def _peak_bytes(case: Case, data: bytes, room: int) -> int:
    decode = codec.decoder(*case)
    tracemalloc.start()
    try:
        with suppress(InvalidRequest):
            decode(data, 0, room)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
