"""Kafka's record batches and columns: one turned into the other at the speed of memory, without a broker."""

from skylog.core import crc32c, crc32c_combine
from skylog.errors import Corrupt
from skylog.records._decoding import decode, iter_decode
from skylog.records._inspection import HEADER_DTYPE, inspect, verify
from skylog.records._logs import decode_fetch, decode_segment
from skylog.records._options import DEFAULT_COLUMNS

__all__ = [
    "DEFAULT_COLUMNS",
    "HEADER_DTYPE",
    "Corrupt",
    "crc32c",
    "crc32c_combine",
    "decode",
    "decode_fetch",
    "decode_segment",
    "inspect",
    "iter_decode",
    "verify",
]
