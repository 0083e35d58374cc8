"""Every kind of column that is taken, and what is said of those that are not."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from skylog import records

CELLS = [b"plain", None, b"", b"longer than twelve bytes are"]
TEXT = [None if cell is None else cell.decode() for cell in CELLS]


def values_of(column: Any, **columns: Any) -> list[bytes | None]:
    encoded = records.encode(column, timestamps=1, **columns)
    return records.decode(encoded, columns=("value",))["value"].to_pylist()


def times_of(column: Any, rows: int) -> list[int | None]:
    table = records.decode(records.encode([b""] * rows, timestamps=column), columns=("timestamp",))
    return table["timestamp"].cast(pa.int64()).to_pylist()


@pytest.mark.parametrize(
    "kind",
    [
        pa.binary(),
        pa.large_binary(),
        pa.binary_view(),
        pa.string(),
        pa.large_string(),
        pa.string_view(),
        pa.dictionary(pa.int8(), pa.binary()),
        pa.dictionary(pa.uint32(), pa.large_string()),
    ],
    ids=str,
)
def test_arrow_types(kind: pa.DataType) -> None:
    text = pa.types.is_string(kind) or pa.types.is_large_string(kind) or kind == pa.string_view()
    if pa.types.is_dictionary(kind):
        array = pa.array(CELLS, pa.binary()).cast(kind.value_type).dictionary_encode().cast(kind)
    else:
        array = pa.array(TEXT if text else CELLS, kind)
    assert values_of(array) == CELLS
    assert values_of(array.slice(1, 2)) == CELLS[1:3]
    chunked = pa.chunked_array([array.slice(0, 1), array.slice(1, 0), array.slice(1)])
    assert values_of(chunked) == CELLS


def test_fixed_size_and_null_arrays() -> None:
    assert values_of(pa.array([b"ab", None, b"cd"], pa.binary(2))) == [b"ab", None, b"cd"]
    assert values_of(pa.nulls(3)) == [None] * 3
    assert values_of(pa.chunked_array([], pa.binary())) == []


@pytest.mark.parametrize(
    "column",
    [
        pl.Series(CELLS),
        pl.Series(TEXT),
        pl.Series(TEXT, dtype=pl.Categorical),
        pd.Series(CELLS, dtype=pd.ArrowDtype(pa.binary())),
        pd.Series(TEXT, dtype=pd.ArrowDtype(pa.string())),
        pd.Series(TEXT, dtype="string"),
        pd.Series(CELLS, dtype=object),
        np.array(CELLS, dtype=object),
        CELLS,
        tuple(CELLS),
    ],
    ids=lambda column: f"{type(column).__module__}-{getattr(column, 'dtype', '')}",
)
def test_frames_and_sequences(column: Any) -> None:
    assert values_of(column) == CELLS
    assert values_of(CELLS, keys=column) == CELLS


def test_a_relation_of_duckdb() -> None:
    relation = duckdb.sql("select 'k' || i as k from range(3) t(i) order by i")
    assert values_of(relation) == [b"k0", b"k1", b"k2"]
    assert values_of(
        duckdb.sql("select 'k' || i as k from range(2) t(i) order by i").arrow().read_all()["k"]
    ) == [
        b"k0",
        b"k1",
    ]


def test_numpy_columns_of_one_width() -> None:
    table = np.arange(6, dtype=np.uint8).reshape(3, 2)
    rows = [b"\0\1", b"\2\3", b"\4\5"]
    assert values_of(table) == rows
    assert values_of(np.asfortranarray(table)) == rows
    assert values_of(table[::2]) == rows[::2]
    assert values_of(table.copy().view("V2").reshape(3)) == rows
    assert values_of(np.zeros((2, 0), np.uint8)) == [b"", b""]


def test_numpy_text_ends_at_its_padding() -> None:
    assert values_of(np.array([b"ab", b"cd"])) == [b"ab", b"cd"]
    assert values_of(np.array([b"abc", b"", b"x\0y"])) == [b"abc", b"", b"x\0y"]


@pytest.mark.parametrize(
    ("column", "said"),
    [
        (np.arange(3), r"values: expected a numpy array of S or V type.*found int64 of 1 dim"),
        (np.array(["text"]), "values: expected a numpy array"),
        (pa.array([1, 2]), "values: expected a binary, string.*found Int64"),
        (pl.Series([1.5]), "values: expected a binary, string.*found Float64"),
        (b"bytes", "values: expected an Arrow or numpy array, or a sequence of bytes or None; found bytes"),
        ("text", "found str"),
        ({b"a"}, "found set"),
        (7, "found int"),
        ([1, 2], "values: .*int"),
        (np.ma.array([b"a", b"b"], mask=[False, True]), "values: expected no masked array"),
    ],
)
def test_other_columns_are_type_errors(column: Any, said: str) -> None:
    with pytest.raises(TypeError, match=said):
        records.encode(column)


def test_columns_that_differ_in_length_are_named() -> None:
    for name, column in (("keys", [b"a"]), ("timestamps", [1]), ("headers", [[]])):
        with pytest.raises(ValueError, match=rf"{name}: expected as many rows .*\(2\), found 1"):
            records.encode([b"a", b"b"], **{name: column})
        with pytest.raises(ValueError, match=rf"{name}: expected as many rows .*\(2\), found 1"):
            list(records.iter_encode([b"a", b"b"], **{name: column}))


def test_columns_in_chunks_of_their_own() -> None:
    rows = 20
    values = pa.chunked_array(
        [[b"%d" % row for row in range(start, start + 5)] for start in range(0, rows, 5)]
    )
    keys = pa.chunked_array([[b"k%d" % row for row in range(3)], [b"k%d" % row for row in range(3, rows)]])
    times = pa.chunked_array([list(range(7)), [], list(range(7, rows))], pa.int64())
    table = records.decode(records.encode(values, keys=keys, timestamps=times))
    assert table["value"].to_pylist() == values.to_pylist()
    assert table["key"].to_pylist() == keys.to_pylist()
    assert table["timestamp"].cast(pa.int64()).to_pylist() == list(range(rows))


@pytest.mark.parametrize(
    "column",
    [
        [2_000, None],
        np.array([2_000, 2_000]),
        np.array([2_000, 2_000], np.int32),
        np.array(["1970-01-01T00:00:02.000999", "NaT"], "datetime64[us]"),
        np.array(["1970-01-01T00:00:02", "NaT"], "datetime64[s]"),
        [datetime(1970, 1, 1, 0, 0, 2, tzinfo=UTC), None],
        pa.array([2, None], pa.timestamp("s", "Asia/Tokyo")),
        pa.array([2_000_999_999, None], pa.timestamp("ns")),
        pl.Series([datetime(1970, 1, 1, 0, 0, 2), None]),
        pd.Series([pd.Timestamp(2, unit="s"), pd.NaT]),
    ],
    ids=lambda column: f"{type(column).__module__}-{getattr(column, 'dtype', getattr(column, 'type', ''))}",
)
def test_times_of_any_kind(column: Any) -> None:
    assert times_of(column, 2) in ([2_000, None], [2_000, 2_000])


def test_days_and_one_time_for_all() -> None:
    assert times_of([date(1970, 1, 2)], 1) == [86_400_000]
    assert times_of(5, 2) == [5, 5]
    assert times_of(np.int64(5), 2) == [5, 5]
    assert times_of(-1, 1) == [None]
    before = datetime.now(UTC).timestamp() * 1000 - 1
    first, second = times_of(None, 2)
    assert first == second
    assert before <= first <= datetime.now(UTC).timestamp() * 1000


@pytest.mark.parametrize(
    ("column", "kind", "said"),
    [
        ([1.5], TypeError, "timestamps: expected int64, found double"),
        ("now", TypeError, "timestamps: .*found str"),
        (-2, ValueError, "timestamps: expected -1 to 9223372036854775806 ms, found -2"),
        (2**63 - 1, ValueError, "timestamps"),
        ([2**64], ValueError, "timestamps: "),
        (np.array([1], ">i8"), TypeError, "timestamps: Byte-swapped"),
        ([-2], ValueError, "row 0: timestamp: expected null or 0 to .*found -2"),
        (
            np.array(["1969-12-31T23:59:59.9999"], "datetime64[us]"),
            ValueError,
            "row 0: timestamp.*found -100",
        ),
    ],
)
def test_times_that_are_none(column: Any, kind: type[Exception], said: str) -> None:
    with pytest.raises(kind, match=said):
        records.encode([b"a"], timestamps=column)


def headers_of(column: Any, rows: int) -> list[list[tuple[str, bytes | None]]]:
    table = records.decode(records.encode([None] * rows, headers=column), columns=("headers",))
    return [[(header["key"], header["value"]) for header in row] for row in table["headers"].to_pylist()]


def test_headers_keep_order_and_duplicates() -> None:
    rows = [[("b", b"1"), ("a", None), ("b", b"")], [], [("é", b"x")]]
    assert headers_of(rows, 3) == rows
    assert headers_of([tuple(rows[0]), None, rows[2]], 3) == rows
    structs = [[{"key": key, "value": value} for key, value in row] for row in rows]
    for text, blob in (
        (pa.string(), pa.binary()),
        (pa.binary(), pa.large_binary()),
        (pa.large_string(), pa.string()),
    ):
        entry = pa.struct([("key", text), ("value", blob)])
        assert headers_of(pa.array(structs, pa.list_(entry)), 3) == rows
        assert headers_of(pa.array(structs, pa.large_list(entry)).slice(1), 2) == rows[1:]
        swapped = pa.struct([("value", blob), ("key", text)])
        assert headers_of(pa.array(structs, pa.list_(swapped)), 3) == rows
    assert headers_of(pa.array(rows, pa.map_(pa.string(), pa.binary())), 3) == rows
    assert headers_of(pl.Series(structs), 3) == rows


@pytest.mark.parametrize(
    ("column", "kind", "said"),
    [
        ([[("k",)]], ValueError, "headers: Tuple size"),
        ([1], TypeError, "headers: .*not iterable"),
        (
            pa.array([b"a"]),
            TypeError,
            "headers: expected a list of structs of key and value, or a map, found Binary",
        ),
        (pa.array([[1]]), TypeError, "headers: expected a list of structs"),
        (pa.array([[{"key": 1, "value": b""}]]), TypeError, "header keys: expected a binary"),
        (
            pa.array([[{"key": None, "value": b""}]]),
            ValueError,
            "row 0: headers: a header is null, or its key is",
        ),
        (pa.array([[{"key": b"\xff", "value": b""}]]), ValueError, "row 0: headers: a key is not UTF-8"),
        (pa.array([[None, {"key": b"a", "value": b""}]]), ValueError, "row 0: headers: a header is null"),
    ],
)
def test_headers_that_are_none(column: Any, kind: type[Exception], said: str) -> None:
    with pytest.raises(kind, match=said):
        records.encode([None], headers=column)


def test_hours_are_times_too() -> None:
    hours = np.array([2, "NaT"], "datetime64[h]")
    times = records.decode(records.encode([b"a", b"b"], timestamps=hours)).column("timestamp")
    assert times.cast(pa.int64()).to_pylist() == [7_200_000, None]


@pytest.mark.parametrize("streamed", [False, True])
def test_headers_that_can_be_looked_at_once_are_refused_instead_of_lost(streamed: bool) -> None:
    once: list[Any] = [iter([("a", b"1")])]
    encode = records.iter_encode if streamed else records.encode
    with pytest.raises(TypeError, match=r"headers: expected a sequence of .* pairs.*found list_iterator"):
        list(encode([b"v"], headers=once))


def test_indexes_beyond_a_dictionary_are_named_by_their_row() -> None:
    lying = pa.DictionaryArray.from_arrays(pa.array([0, 2]), pa.array([b"a", b"b"]), safe=False)
    with pytest.raises(ValueError, match="row 1: values: an offset, index or length reaches beyond"):
        records.encode(lying)
