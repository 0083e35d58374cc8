"""Independent decoders read what the codecs write."""

from __future__ import annotations

import gzip
import struct
from collections.abc import Callable

import cramjam
import lz4.frame
import pytest
import zstandard
from kafka.codec import gzip_decode, lz4_decode, snappy_decode, zstd_decode

from interop import ours
from interop.samples import SAMPLES

HEAD_BYTES = 61
XERIAL = b"\x82SNAPPY\0" + struct.pack(">ii", 1, 1)


def _snappy(payload: bytes) -> bytes:
    assert payload.startswith(XERIAL)
    position, plain = len(XERIAL), []
    while position < len(payload):
        (size,) = struct.unpack_from(">i", payload, position)
        position += 4 + size
        plain.append(bytes(cramjam.snappy.decompress_raw(payload[position - size : position])))
    assert all(len(block) == 32 << 10 for block in plain[:-1])
    return b"".join(plain)


def _zstd(payload: bytes) -> bytes:
    return zstandard.ZstdDecompressor().decompress(payload)


DECODERS: list[tuple[str, Callable[[bytes], bytes]]] = [
    ("gzip", gzip.decompress),
    ("gzip", gzip_decode),
    ("snappy", _snappy),
    ("snappy", snappy_decode),
    ("lz4", lz4.frame.decompress),
    ("lz4", lz4_decode),
    ("zstd", _zstd),
    ("zstd", zstd_decode),
]


@pytest.mark.parametrize(("codec", "decompress"), DECODERS)
@pytest.mark.parametrize("name", SAMPLES)
def test_independent_decoders_read_our_payloads(
    name: str, codec: str, decompress: Callable[[bytes], bytes]
) -> None:
    plain = ours.write(SAMPLES[name], "none")[HEAD_BYTES:]
    assert decompress(ours.write(SAMPLES[name], codec)[HEAD_BYTES:]) == plain


def test_an_lz4_frame_is_as_javas() -> None:
    payload = ours.write(SAMPLES["noise"], "lz4")[HEAD_BYTES:]
    frame = lz4.frame.get_frame_info(payload)
    assert frame["block_size"] == 64 << 10
    assert not frame["block_linked"]
    assert not frame["content_checksum"]
    assert not frame["block_checksum"]
    assert not frame["content_size"]
    (first,) = struct.unpack_from("<I", payload, 7)
    assert first == 1 << 31 | 64 << 10


@pytest.mark.parametrize(("codec", "low", "high"), [("gzip", 1, 9), ("zstd", 1, 19)])
def test_higher_levels_make_smaller_batches(codec: str, low: int, high: int) -> None:
    small, large = (len(ours.write(SAMPLES["small"], codec, level=level)) for level in (high, low))
    assert small < large


@pytest.mark.parametrize(
    ("codec", "level"), [("gzip", 10), ("gzip", 0), ("zstd", 23), ("lz4", 1), ("snappy", 1), ("none", 1)]
)
def test_a_level_that_a_codec_does_not_have_is_refused(codec: str, level: int) -> None:
    with pytest.raises(ValueError, match="level"):
        ours.write(SAMPLES["one"], codec, level=level)
