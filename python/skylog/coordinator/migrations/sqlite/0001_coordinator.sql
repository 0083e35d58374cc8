-- Times are milliseconds since 1970, positions and sizes are bytes, offsets are Kafka's.

CREATE TABLE cluster (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    cluster_id TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    next_producer_id INTEGER NOT NULL
);

CREATE TABLE brokers (
    broker_id INTEGER PRIMARY KEY,
    epoch INTEGER NOT NULL
);

-- A deleted topic stays, hidden, until all that belonged to it is purged.
CREATE TABLE topics (
    topic_no INTEGER PRIMARY KEY AUTOINCREMENT,
    topic_id BLOB NOT NULL UNIQUE,
    name TEXT NOT NULL,
    partitions INTEGER NOT NULL,
    deleted_ms INTEGER
);
CREATE UNIQUE INDEX topics_by_name ON topics (name) WHERE deleted_ms IS NULL;
CREATE INDEX topics_deleted ON topics (deleted_ms) WHERE deleted_ms IS NOT NULL;

CREATE TABLE configs (
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (kind, name, key)
) WITHOUT ROWID;

-- Numbers are never given twice: memory may hold one longer than the row lives.
CREATE TABLE logs (
    log_no INTEGER PRIMARY KEY AUTOINCREMENT,
    topic_no INTEGER NOT NULL,
    partition INTEGER NOT NULL,
    log_start_offset INTEGER NOT NULL DEFAULT 0,
    next_offset INTEGER NOT NULL DEFAULT 0,
    running_max_timestamp INTEGER NOT NULL DEFAULT -1,
    last_append_ms INTEGER NOT NULL DEFAULT -1,
    UNIQUE (topic_no, partition)
);

-- `extents` counts the extents that lie in it; `deletable_ms` says since when there are none.
CREATE TABLE segments (
    segment_no INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL UNIQUE,
    size INTEGER NOT NULL,
    created_ms INTEGER NOT NULL,
    extents INTEGER NOT NULL,
    deletable_ms INTEGER
);
CREATE INDEX segments_deletable ON segments (deletable_ms) WHERE deletable_ms IS NOT NULL;

-- The extents of a commit in one row, until they are folded into `extents`: eight 64-bit little-endian integers
-- each (log_no, base_offset, last_offset, position, size, max_timestamp, running_max_timestamp, append_time_ms).
CREATE TABLE arrivals (
    arrival_no INTEGER PRIMARY KEY AUTOINCREMENT,
    segment_no INTEGER NOT NULL,
    extents BLOB NOT NULL
);

CREATE TABLE extents (
    log_no INTEGER NOT NULL,
    base_offset INTEGER NOT NULL,
    last_offset INTEGER NOT NULL,
    segment_no INTEGER NOT NULL,
    position INTEGER NOT NULL,
    size INTEGER NOT NULL,
    max_timestamp INTEGER NOT NULL,
    running_max_timestamp INTEGER NOT NULL,
    append_time_ms INTEGER NOT NULL,
    PRIMARY KEY (log_no, base_offset)
) WITHOUT ROWID;
CREATE INDEX extents_by_time ON extents (log_no, running_max_timestamp);

-- `batches` as the sequencer writes them.
CREATE TABLE producers (
    log_no INTEGER NOT NULL,
    producer_id INTEGER NOT NULL,
    producer_epoch INTEGER NOT NULL,
    batches BLOB NOT NULL,
    last_ms INTEGER NOT NULL,
    PRIMARY KEY (log_no, producer_id)
) WITHOUT ROWID;

CREATE TABLE groups (
    group_id TEXT PRIMARY KEY,
    protocol_type TEXT NOT NULL,
    generation INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE group_offsets (
    group_id TEXT NOT NULL,
    topic_no INTEGER NOT NULL,
    partition INTEGER NOT NULL,
    committed_offset INTEGER NOT NULL,
    leader_epoch INTEGER NOT NULL,
    metadata TEXT NOT NULL,
    committed_ms INTEGER NOT NULL,
    PRIMARY KEY (group_id, topic_no, partition)
) WITHOUT ROWID;
CREATE INDEX group_offsets_by_topic ON group_offsets (topic_no);
