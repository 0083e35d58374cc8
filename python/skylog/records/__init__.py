"""Kafka's record batches and columns: one turned into the other at the speed of memory, without a broker."""

from skylog.core import crc32c, crc32c_combine
from skylog.errors import Corrupt
from skylog.records._building import Builder
from skylog.records._decoding import decode, iter_decode
from skylog.records._encoding import INDEX_DTYPE, MAX_BATCH_BYTES, Encoded, encode, iter_encode
from skylog.records._inspection import HEADER_DTYPE, inspect, verify
from skylog.records._logs import decode_fetch, decode_segment
from skylog.records._options import DEFAULT_COLUMNS
from skylog.records._scattering import Piece, Scatter, partitions_of

__all__ = [
    "DEFAULT_COLUMNS",
    "HEADER_DTYPE",
    "INDEX_DTYPE",
    "MAX_BATCH_BYTES",
    "Builder",
    "Corrupt",
    "Encoded",
    "Piece",
    "Scatter",
    "crc32c",
    "crc32c_combine",
    "decode",
    "decode_fetch",
    "decode_segment",
    "encode",
    "inspect",
    "iter_decode",
    "iter_encode",
    "partitions_of",
    "verify",
]
