"""What holds batches of many logs, into Arrow columns: segments and Fetch responses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import pyarrow

from skylog.core import FetchAnswer, parse_fetch_answer
from skylog.errors import SkylogError
from skylog.records._options import (
    DECOMPRESSED_BYTES_MAX,
    DEFAULT_COLUMNS,
    LOG_COLUMNS,
    BinaryType,
    Control,
    Offsets,
    open_decoder,
    require,
    take_table,
)
from skylog.records._sources import bytes_view


def decode_segment(
    buffer: Any,
    *,
    columns: Sequence[str] = DEFAULT_COLUMNS,
    verify_crc: bool = True,
    offsets: Offsets | None = None,
    control: Control = "skip",
    binary: BinaryType = "binary",
    decompressed_bytes_max: int = DECOMPRESSED_BYTES_MAX,
) -> pyarrow.Table:
    """Decode all batches of a whole segment object, without a broker.

    Parameters are those of :func:`decode`; the columns may include ``topic_id`` and ``partition``. The
    batches of a shared segment are those that producers sent: offsets are counted from 0 in each batch, since
    only the coordinator knows where they stand in their log; those of a consolidated segment are final.

    Raises
    ------
    Corrupt
        For a segment or batches that are not what they should be, with the position in `buffer`.
    """
    decoder = open_decoder(
        columns,
        (*LOG_COLUMNS, "topic_id"),
        verify_crc=verify_crc,
        offsets=offsets,
        control=control,
        binary=binary,
        decompressed_bytes_max=decompressed_bytes_max,
    )
    decoder.read_segment(bytes_view(buffer))
    return take_table(decoder)


def decode_fetch(
    response: Any,
    *,
    version: int,
    columns: Sequence[str] = DEFAULT_COLUMNS,
    verify_crc: bool = True,
    offsets: Offsets | None = None,
    control: Control = "skip",
    isolation: Literal["read_uncommitted", "read_committed"] = "read_uncommitted",
    binary: BinaryType = "binary",
    decompressed_bytes_max: int = DECOMPRESSED_BYTES_MAX,
    errors: Literal["raise", "ignore"] = "raise",
) -> pyarrow.Table:
    """Decode the records of a Fetch response of any partitions.

    Parameters are those of :func:`decode`, and:

    Parameters
    ----------
    response
        The body of the response: what follows its header (the correlation id, from version 12 on with tags).
    version
        The version that the request was sent in, 4 to 18. The columns may include ``partition``, up to
        version 12 ``topic`` and from 13 on ``topic_id``.
    isolation
        With ``"read_committed"`` the records of aborted transactions are left out.
    errors
        Whether an error code in the answer is raised or ignored.

    Returns
    -------
    pyarrow.Table
        Records as the brokers send them: whole batches, of which the first may begin before the offset that
        was asked for. A last batch that is cut is ignored.

    Raises
    ------
    SkylogError
        For an answer with an error code.
    """
    if not 4 <= version <= 18:
        raise ValueError(f"version: expected 4 to 18, found {version}")
    topic = "topic" if version < 13 else "topic_id"
    decoder = open_decoder(
        columns,
        (*LOG_COLUMNS, topic),
        verify_crc=verify_crc,
        offsets=offsets,
        control=control,
        binary=binary,
        decompressed_bytes_max=decompressed_bytes_max,
    )
    require("isolation", isolation, ("read_uncommitted", "read_committed"))
    require("errors", errors, ("raise", "ignore"))
    body = bytes_view(response)
    answer = parse_fetch_answer(body, version)
    if errors == "raise":
        _raise_codes(answer)
    decoder.read_answer(body, answer, isolation == "read_committed")
    return take_table(decoder)


def _raise_codes(answer: FetchAnswer) -> None:
    if answer.error_code:
        raise SkylogError(f"the Fetch response has error code {answer.error_code}")
    for part in answer.partitions:
        if part.error_code:
            topic = part.topic or (part.topic_id or b"").hex()
            raise SkylogError(f"partition {part.partition} of {topic}: error code {part.error_code}")
