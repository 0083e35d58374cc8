"""The Rust core: the only code that touches batches and records.

Every call takes and returns whole things (a frame, a request, a segment, a response) and leaves the GIL when
it works over much data. Nothing here waits, reads a clock or keeps a Python object but the bytes of a sealed
segment. Positions and sizes are bytes.
"""

from collections.abc import Sequence
from typing import Protocol, Self

class ArrowArray(Protocol):
    """Anything with Arrow's C data interface for arrays."""

    def __arrow_c_array__(self, requested_schema: object | None = None, /) -> tuple[object, object]: ...

# --- frames (rust/wire/frames.rs) -------------------------------------------------------------------------

class Scratch:
    """64 KiB of receive memory that all idle connections of one event loop share.

    It also keeps up to 32 MiB of buffers of large frames warm for the next ones.
    """

    def __init__(self, size: int = 65536) -> None: ...

class Frame:
    """One whole request as it came; owns its bytes (the length prefix is not part of them).

    `memoryview(frame)` reads them without a copy. Requests that were parsed from it share them.
    """

    @property
    def api_key(self) -> int: ...
    @property
    def api_version(self) -> int: ...
    @property
    def correlation_id(self) -> int: ...
    @property
    def client_id(self) -> str | None: ...
    @property
    def body_position(self) -> int:
        """Where the header ends up to and with client_id; a flexible header's tags come next."""
    def __len__(self) -> int: ...
    def __bytes__(self) -> bytes: ...
    def __buffer__(self, flags: int, /) -> memoryview: ...

class FrameReader:
    """Receive memory and framing of one connection.

    Small frames are received through the shared scratch, one that misses more than the scratch holds straight
    into memory of its own size, which a length alone does not touch.
    """

    def __init__(self, scratch: Scratch, frame_bytes_max: int) -> None: ...
    def get_buffer(self) -> memoryview:
        """Return writable room for the next receive; valid until `buffer_updated`."""
    def buffer_updated(self, size: int) -> list[Frame]:
        """Take `size` received bytes and return the frames that are now whole, in order.

        Raises `InvalidRequest` for a length that is negative, shorter than a header or over the limit, and
        for a header that cannot be read; the connection is then beyond use, with the frames before it that
        came in the same piece. Raises `ValueError` for a `size` beyond the buffer.
        """
    @property
    def pending(self) -> int:
        """Bytes of the frame that is not whole yet."""

# --- topics (rust/wire/topics.rs) -------------------------------------------------------------------------

class TopicTable:
    """What parsing must know of topics: shared by all connections, changed only by the catalog."""

    def __init__(self) -> None: ...
    def put(
        self,
        topic_id: bytes,
        name: str,
        partitions: int,
        *,
        batch_bytes_max: int,
        log_append_time: bool,
        compacted: bool,
        timestamp_before_ms_max: int,
        timestamp_after_ms_max: int,
    ) -> None: ...
    def remove(self, topic_id: bytes) -> None: ...
    def __len__(self) -> int: ...

# --- produce (rust/wire/produce.rs, rust/batch/validate.rs) -----------------------------------------------

class ProduceRequest:
    """A parsed Produce request. Partitions that fail keep their error; the others go on."""

    @property
    def acks(self) -> int: ...
    @property
    def timeout_ms(self) -> int: ...
    @property
    def transactional_id(self) -> str | None: ...
    @property
    def accepted(self) -> int:
        """Partitions without an error so far."""
    @property
    def accepted_bytes(self) -> int: ...
    @property
    def held_bytes(self) -> int:
        """Memory until the answer: the accepted bytes, and what is kept to answer every partition."""
    @property
    def unchecked_bytes(self) -> int:
        """Compressed bytes that `check` has still to walk; 0 when the request is fully checked."""
    def check(self, now_ms: int) -> None:
        """Decompress and walk what parsing left out. Leaves the GIL; may run on any thread."""
    def reject(self, error_code: int, message: str | None = None) -> None:
        """Give this error to all partitions that have none yet."""
    def throttle(self, throttle_time_ms: int) -> None:
        """Make the answer, whenever it is written, say for how long the client is not listened to."""
    def response(self) -> bytes | None:
        """Return the answer of a request of which nothing is accepted; b"" for acks=0 without errors,
        None where the connection has to be closed (acks=0 with an error).
        """

def parse_produce(
    frame: Frame, topics: TopicTable, now_ms: int, inline_check_bytes_max: int
) -> ProduceRequest:
    """Parse v3-v13 and check each partition's batch as Kafka does.

    Uncompressed batches are walked at once, compressed ones if there are at most `inline_check_bytes_max`
    bytes of them. A partition named twice is appended twice, in order. Transactional requests and batches get
    INVALID_REQUEST with a message, which clients show at once and do not retry. Raises `InvalidRequest` when
    the request itself is malformed, or names more than 262,144 topics and partitions.
    """

class SegmentBuilder:
    """The produce buffer: requests in order of arrival, kept by reference to their frames."""

    def __init__(self) -> None: ...
    def append(self, request: ProduceRequest) -> None:
        """Add all accepted partitions of a checked request.

        From here on the segment answers for it. Raises `ValueError` for one that `check` has still to see, or
        that was added before.
        """
    @property
    def size(self) -> int:
        """Bytes of batches held."""
    @property
    def requests(self) -> int: ...
    @property
    def batches(self) -> int: ...
    def seal(self, segment_id: bytes, created_ms: int) -> SealedSegment:
        """Write the segment object (the one copy) and leave the builder empty. Leaves the GIL."""

class SealedSegment:
    """A whole segment object with what a commit needs to know of it and the requests that wait for it."""

    @property
    def data(self) -> memoryview:
        """The object's bytes, which never change. Raises `ValueError` once they are released."""
    @property
    def size(self) -> int: ...
    @property
    def requests(self) -> int: ...
    @property
    def batches(self) -> int: ...
    @property
    def logs(self) -> list[tuple[bytes, int]]:
        """(topic_id, partition) of every log in it, in the order of the body."""
    @property
    def producers(self) -> list[tuple[int, int]]:
        """Distinct (index into `logs`, producer_id) of its idempotent batches."""
    def release_data(self) -> None:
        """Forget `data` (store and cache have it); the rest stays."""
    def answer(self, result: CommitResult) -> list[bytes | None]:
        """Return the response of each request, in order of `append`; see `ProduceRequest.response`.

        Raises `ValueError` for the result of another segment.
        """
    def fail(self, error_code: int, message: str | None = None) -> list[bytes | None]:
        """Return responses that give every accepted partition this error."""

# --- commit (rust/index/sequence.rs) ----------------------------------------------------------------------

class CommitResult:
    """The outcome of a commit for every batch of a segment."""

    @property
    def append_time_ms(self) -> int: ...
    @property
    def appended(self) -> int:
        """Batches that got offsets."""
    @property
    def duplicates(self) -> int: ...
    @property
    def rejected(self) -> int: ...
    def batches(self) -> list[tuple[str, int]]:
        """(outcome, base offset or -1) of each batch in the order of the body; outcomes are "appended",
        "duplicate", "out_of_order_sequence", "invalid_producer_epoch" and "unknown_log".
        """

class Sequenced:
    """What one commit writes, as rows ready for the database."""

    @property
    def result(self) -> CommitResult: ...
    @property
    def extent_rows(self) -> list[tuple[int, int, int, int, int, int, int, int]]:
        """(log_no, base_offset, last_offset, position, size, max_timestamp, running_max_timestamp,
        append_time_ms); append_time_ms is -1 where records keep their own times.
        """
    @property
    def log_rows(self) -> list[tuple[int, int, int, int]]:
        """(next_offset, running_max_timestamp, last_append_ms, log_no) of logs that grew."""
    @property
    def producer_rows(self) -> list[tuple[int, int, int, bytes, int]]:
        """(log_no, producer_id, producer_epoch, remembered batches, last_ms) of producers that moved."""

def sequence(
    sealed: SealedSegment,
    logs: Sequence[tuple[int, int, int, int, int] | None],
    producers: Sequence[tuple[int, bytes] | None],
    now_ms: int,
) -> Sequenced:
    """Decide offsets and idempotence of all batches of a segment, as Kafka's rules say. Pure.

    `logs`: for each of `sealed.logs` (log_no, log_start_offset, next_offset, running_max_timestamp,
    last_append_ms), or None where the log does not exist (any more). `producers`: for each of
    `sealed.producers` (producer_epoch, remembered batches) or None where nothing is known.
    """

class LogPositions:
    """Where reading wants to go on: (topic_id, partition, offset, bytes_max) each."""

    def __init__(self, positions: Sequence[tuple[bytes, int, int, int]]) -> None: ...
    def __len__(self) -> int: ...
    def rows(self) -> list[tuple[bytes, int, int, int]]: ...

class Located:
    """What a coordinator knows of `LogPositions`: bounds and extents of each, in the same order."""

    @staticmethod
    def from_rows(
        logs: Sequence[tuple[int, int] | None],
        extents: Sequence[tuple[int, int, int, int, int, int, int]],
        segments: Sequence[tuple[int, str, int]],
    ) -> Located:
        """Build from query results.

        `logs`: (log_start_offset, high_watermark) or None for one that does not exist; `extents`: (index
        into `logs`, base_offset, last_offset, segment_no, position, size, append_time_ms) in order;
        `segments`: (segment_no, key, size).
        """
    def __len__(self) -> int: ...
    def bounds(self) -> list[tuple[int, int] | None]: ...
    def windows(self) -> list[tuple[str, int, int, int]]:
        """(key, object size, position, size) of what all extents together need of each segment."""
    def extents(self) -> list[tuple[int, int, int, str, int, int, int]]:
        """As `from_rows` takes them, with the segment's key in place of its number."""

class ExtentIndex:
    """The newest extents and the bounds of logs in memory, for a coordinator that owns its database alone.

    Fed after each commit; complete from a floor per log on; `find` says None where it must ask below one.
    """

    def __init__(self, extents_max: int) -> None: ...
    def put_log(
        self, log_no: int, topic_id: bytes, partition: int, log_start_offset: int, next_offset: int
    ) -> None:
        """Add a log of which no extent is in memory yet (its floor is `next_offset`)."""
    def trim(self, starts: Sequence[tuple[bytes, int, int]]) -> None:
        """Move the starts of logs forward, (topic_id, partition, log_start_offset) each."""
    def remove_topic(self, topic_id: bytes) -> None: ...
    def apply(self, sequenced: Sequenced, segment_no: int, key: str, segment_size: int) -> None:
        """Make a commit visible."""
    def log_numbers(self, logs: Sequence[tuple[bytes, int]]) -> list[int | None]: ...
    def bounds(self, topic_id: bytes, partition: int) -> tuple[int, int] | None:
        """(log_start_offset, next_offset)"""
    def find(self, positions: LogPositions, extents_max: int) -> Located | None:
        """All positions answered from memory, or None if any of them lies below its log's floor."""
    def __len__(self) -> int:
        """Extents held."""

# --- fetch (rust/wire/fetch.rs) ---------------------------------------------------------------------------

class FetchRequest:
    """A parsed Fetch request v4-v18; topics resolved to identities, partitions that fail keep their error.

    One that continues a session (session_epoch neither 0 nor -1) gets FETCH_SESSION_ID_NOT_FOUND from its
    plan: plan what `FetchSessions.look` makes of it. Leader epochs but 0 and -1 are FENCED or UNKNOWN.
    """

    @property
    def max_wait_ms(self) -> int: ...
    @property
    def min_bytes(self) -> int: ...
    @property
    def max_bytes(self) -> int: ...
    @property
    def isolation_level(self) -> int: ...
    @property
    def session_id(self) -> int: ...
    @property
    def session_epoch(self) -> int: ...
    @property
    def partitions(self) -> int: ...
    @property
    def positions(self) -> LogPositions:
        """The partitions that can be read, in request order."""
    def error_response(self, error_code: int) -> bytes:
        """Return an answer with a top-level error and no partitions.

        Before v7, which knows none, every partition gets the error.
        """
    def throttled_response(self, throttle_time_ms: int) -> bytes:
        """Return an answer with no partitions and no error; the client will ask for the same again."""

def parse_fetch(frame: Frame, topics: TopicTable) -> FetchRequest:
    """Parse v4-v18. Raises `InvalidRequest` as `parse_produce` does."""

class FetchPlan:
    """Which segments answer a fetch, within its limits."""

    def __init__(
        self,
        request: FetchRequest,
        located: Located,
        response_bytes_max: int,
        load_bytes_max: int,
        block_bytes: int = ...,
    ) -> None:
        """Choose extents until `response_bytes_max` would be passed, or `load_bytes_max` of what is read.

        Read are aligned blocks of `block_bytes`, whole segments unless it is given.
        """
    @property
    def windows(self) -> list[tuple[str, int, int, int]]:
        """(key, object size, position, size) of what to have at hand of each segment, in order of use."""
    @property
    def ends(self) -> list[tuple[bytes, int, int, int]]:
        """(topic_id, partition, offset asked for, offset behind what is chosen) of logs with extents."""
    @property
    def available_bytes(self) -> int:
        """Bytes that an answer would hold, at most."""
    @property
    def must_answer(self) -> bool:
        """Whether waiting for more would be wrong: an error, an empty full request, or enough bytes."""
    def find_flaws(
        self, segments: Sequence[tuple[bytes | bytearray | memoryview, int, bool] | None]
    ) -> list[tuple[int, str]]:
        """Check every batch of the chosen extents in segments not verified before, without the GIL.

        Returns (index, what is wrong and at which position of the object) once a segment that has something.
        """
    def assemble(
        self, segments: Sequence[tuple[bytes | bytearray | memoryview, int, bool] | None]
    ) -> list[bytes | memoryview]:
        """Return the response, length prefix included, as buffers to write one after another.

        `segments` stand in the order of `windows`: a read-only buffer, the position of its first byte in the
        object, whether all its checksums are known to hold; None for one that could not be read. The
        partitions that need it then end before it, with KAFKA_STORAGE_ERROR if nothing came before, as they
        do where batches do not fit their extent or, if not verified, their checksum. Heads are copied and
        stamped with offset and epoch, bodies from 32 KiB on are slices of the given buffers.
        """

class FetchSessions:
    """The fetch sessions (KIP-227) of a broker: what each client fetches, and what it was told of it.

    Costs what is news, not what a session holds: partitions at rest are not looked at, but for all of a
    session once in 10 s. Times are milliseconds that never go back.
    """

    def __init__(self, topics: TopicTable, sessions_max: int, partitions_max: int) -> None:
        """Hold at most so many sessions, with so many partitions, and topics in each, in all."""
    def begin(self, request: FetchRequest, now_ms: int) -> int | None:
        """Close or continue the session that a request names, once a request.

        Returns the error code (0 where nothing is left in the session) of an answer without partitions that
        is to be given at once; None for a request to serve.
        """
    def look(self, request: FetchRequest, now_ms: int) -> FetchRequest:
        """Return what a request asks for now: itself, or those of its session that may have news."""
    def answer(
        self,
        plan: FetchPlan,
        segments: Sequence[tuple[bytes | bytearray | memoryview, int, bool] | None],
        now_ms: int,
        seed: int,
    ) -> list[bytes | memoryview]:
        """Assemble as `FetchPlan.assemble` a plan of what `look` returned, and note what the client is told.

        A full fetch of session epoch 0 gets a session, its number from the 32 random bits of `seed`, if there
        is room: sessions idle for 2 minutes, then smaller ones older than that, are closed for it.
        """
    def park(self, token: int, request: FetchRequest) -> bool:
        """Let a fetch wait for any partition of its session; False for one that continues none."""
    def leave(self, token: int) -> None:
        """Forget a parked fetch; its session stays."""
    def wake(self, sealed: SealedSegment) -> list[int]:
        """Let sessions look at the logs of a committed segment; returns the parked fetches that have to."""
    def wake_topic(self, topic_id: bytes) -> list[int]:
        """Let sessions look at a topic."""
    @property
    def partitions(self) -> int:
        """Partitions held, and topics of each session."""
    def __len__(self) -> int: ...

class WaitList:
    """Parked fetches by log, so that a commit wakes just the ones it serves."""

    def __init__(self) -> None: ...
    def park(self, token: int, request: FetchRequest) -> None: ...
    def remove(self, token: int) -> None: ...
    def wake(self, sealed: SealedSegment) -> list[int]:
        """Return the tokens that wait for a log of this segment; they stay parked."""
    def wake_topic(self, topic_id: bytes) -> list[int]: ...
    def __len__(self) -> int: ...

# --- segments (rust/segment/*.rs) -------------------------------------------------------------------------

def segment_summary(data: bytes | memoryview) -> dict[str, object]:
    """Return header and per-partition index of a segment object as plain values, see docs/formats/segment.md.

    Keys: version, kind, created_ms, segment_id, size, logs: list of dict(topic_id, partition, position, size,
    batches, records, max_timestamp, log_append_time). Raises `Corrupt`.
    """

def segment_batches(data: bytes | memoryview, log: int) -> list[dict[str, object]]:
    """Return header facts of each batch of the `log`-th entry of the index. Raises `Corrupt`.

    Keys: position, size, compression (its name), records, and the fields of the header under Kafka's names.
    """

def verify_segment(data: bytes | bytearray | memoryview) -> int:
    """Check every checksum and count of a segment object; return the number of batches. Raises `Corrupt`
    with position, expected and found. Leaves the GIL.
    """

def find_timestamp(
    data: bytes | bytearray | memoryview,
    position: int,
    size: int,
    base_offset: int,
    append_time_ms: int,
    timestamp_ms: int,
    first_offset: int = 0,
) -> tuple[int, int] | None:
    """Return (offset, timestamp) of the first record at or after `timestamp_ms` in an extent's bytes.

    Records before `first_offset` are passed over.
    """

def find_max_timestamp(
    data: bytes | bytearray | memoryview,
    position: int,
    size: int,
    base_offset: int,
    append_time_ms: int,
    first_offset: int = 0,
) -> tuple[int, int] | None:
    """Return (offset, timestamp) of the record with the highest timestamp (the first of equals).

    Records before `first_offset` are passed over.
    """

# --- checksums (rust/crc.rs) ------------------------------------------------------------------------------

def crc32c(data: bytes | memoryview, initial: int = 0) -> int:
    """Return the CRC-32C of `data`, going on from `initial`."""

def crc32c_combine(first: int, second: int, second_size: int) -> int:
    """Return the CRC-32C of two pieces from those of each: O(log size)."""

# --- records decoded (rust/records, rust/wire/fetched.rs) -------------------------------------------------

class Columns:
    """Columns made in Rust; `pyarrow.record_batch(columns)` takes them over without a copy."""

    def __len__(self) -> int: ...
    def __arrow_c_array__(self, requested_schema: object = None) -> tuple[object, object]: ...

class FetchedPartition:
    """What a Fetch answer says of one partition."""

    @property
    def topic(self) -> str | None:
        """Up to version 12."""
    @property
    def topic_id(self) -> bytes | None:
        """From version 13 on."""
    @property
    def partition(self) -> int: ...
    @property
    def error_code(self) -> int: ...
    @property
    def high_watermark(self) -> int: ...
    @property
    def last_stable_offset(self) -> int: ...
    @property
    def log_start_offset(self) -> int: ...
    @property
    def preferred_read_replica(self) -> int: ...
    @property
    def aborted(self) -> list[tuple[int, int]]:
        """(producer_id, first_offset)"""
    @property
    def position(self) -> int:
        """Where its batches start in the answer; the last one may be cut."""
    @property
    def size(self) -> int: ...

class FetchAnswer:
    """The body of a Fetch response, parsed; its records stay where they are."""

    @property
    def throttle_time_ms(self) -> int: ...
    @property
    def error_code(self) -> int: ...
    @property
    def session_id(self) -> int: ...
    @property
    def partitions(self) -> list[FetchedPartition]: ...

def parse_fetch_answer(response: bytes | bytearray | memoryview, version: int) -> FetchAnswer:
    """Parse what follows the header of a Fetch response, v4-v18. Raises `Corrupt`."""

class RecordDecoder:
    """Turns record batches into columns; after an error it is of no further use. Leaves the GIL.

    `offsets` are the first and the last that are wanted.
    """

    def __init__(
        self,
        columns: Sequence[str],
        *,
        binary: str,
        verify_crc: bool,
        offsets: tuple[int, int],
        keep_control: bool,
        decompressed_bytes_max: int,
    ) -> None: ...
    def set_log(self, partition: int = -1, aborted: Sequence[tuple[int, int]] = ()) -> None:
        """Say what is read from now on, and its aborted (producer_id, first_offset)."""
    def read(
        self,
        data: bytes | bytearray | memoryview,
        position: int = 0,
        *,
        start: int = 0,
        more: bool = False,
        full_bytes: int = 2**64 - 1,
    ) -> tuple[int, int]:
        """Decode from `position` on, to the end or until `full_bytes` of columns are held.

        Returns the position to go on from with the same data, and the size of the batch there if it is cut
        (else 0). A position that did not move may mean that the batch there is half decoded. `start` is added
        to the positions in errors. Raises `Corrupt`.
        """
    def read_segment(self, data: bytes | bytearray | memoryview) -> None:
        """Decode all logs of a segment object. Raises `Corrupt`."""
    def read_answer(self, data: bytes | bytearray | memoryview, answer: FetchAnswer, committed: bool) -> None:
        """Decode all partitions of the answer that was parsed from `data`. Raises `Corrupt`."""
    @property
    def held_bytes(self) -> int:
        """Bytes of the columns so far."""
    def take(self) -> list[Columns]:
        """Return the columns so far, in pieces; nothing if there are no records."""
    def empty(self) -> Columns:
        """Return the columns without records."""

def inspect_batches(data: bytes | bytearray | memoryview) -> bytes:
    """Return a packed little-endian row for each batch; see `skylog.records.inspect`. Raises `Corrupt`."""

def verify_batches(data: bytes | bytearray | memoryview, records: bool) -> int:
    """Return the number of batches, all of them sound. Raises `Corrupt`."""

# --- encoding (rust/records/*.rs) -------------------------------------------------------------------------

class SharedBytes:
    """Finished bytes, read in place by `memoryview` or any other reader of buffers."""

    def __new__(cls, content: SharedBytes, /) -> Self: ...
    def __len__(self) -> int: ...
    def __bytes__(self) -> bytes: ...
    def __buffer__(self, flags: int, /) -> memoryview: ...

class BatchOptions:
    """How batches are made. Raises `ValueError` that names the option for what is out of range."""

    def __new__(
        cls,
        *,
        max_batch_bytes: int,
        compression: str | None,
        level: int | None,
        append_time: bool,
        producer_id: int,
        producer_epoch: int,
        base_sequence: int,
        transactional: bool,
        base_offset: int,
    ) -> BatchOptions: ...

class RecordColumns:
    """Columns of the same length; Arrow's memory is kept, not copied.

    Raises `TypeError` for a column type that is not taken, `ValueError` for columns of different length.
    """

    def __new__(
        cls,
        values: ArrowArray,
        keys: ArrowArray | None,
        timestamps: int | ArrowArray,
        headers: ArrowArray | None,
    ) -> RecordColumns: ...
    def __len__(self) -> int: ...

class BatchEncoder:
    """Makes batches of blocks; offsets and sequences go on from output to output. Leaves the GIL.

    Batches come with the rows of their index, see `skylog.records.INDEX_DTYPE`. `ValueError` names the row of
    a record that cannot be written, counted over all blocks; nothing went on then.
    """

    def __new__(cls, options: BatchOptions) -> BatchEncoder: ...
    def encode(self, blocks: Sequence[RecordColumns]) -> tuple[SharedBytes, bytes]: ...
    def encode_some(
        self, blocks: Sequence[RecordColumns], row: int, first_row: int, last: bool, bytes_max: int
    ) -> tuple[tuple[SharedBytes, bytes], int, int]:
        """Encode from `row` of the first block on, as many batches as `bytes_max` takes for sure.

        Returns the batches, and block and row that come next. Unless these are the `last` blocks, records
        that do not fill a batch are left. `first_row` is what errors call row 0 of the first block.
        """

class BatchBuilder:
    """Collects records until a batch is full."""

    def __new__(cls, options: BatchOptions) -> BatchBuilder: ...
    @property
    def record_count(self) -> int: ...
    @property
    def size_bytes(self) -> int: ...
    def append(
        self,
        value: bytes | bytearray | memoryview | None,
        key: bytes | bytearray | memoryview | None,
        timestamp: int,
        headers: Sequence[tuple[str, bytes | bytearray | memoryview | None]],
    ) -> bool: ...
    def extend(self, block: RecordColumns, first_row: int) -> int:
        """Take rows until the batch is full; `first_row` is what errors call row 0."""
    def take(self) -> tuple[SharedBytes, bytes] | None: ...

class BatchScatter:
    """Routes records to their partitions; batches are (partition, batch, records, base sequence)."""

    def __new__(cls, partitions: int, options: BatchOptions) -> BatchScatter: ...
    def write(
        self, blocks: Sequence[tuple[RecordColumns, ArrowArray]]
    ) -> list[tuple[int, SharedBytes, int, int]]: ...
    def flush(self) -> list[tuple[int, SharedBytes, int, int]]: ...

def partitions_of(keys: ArrowArray, count: int) -> SharedBytes:
    """Return the partition of each key as native int32, -1 for null keys. Leaves the GIL."""
