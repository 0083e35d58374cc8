"""The facts of Kafka's protocol: which field stands where, in which versions, of which type.

Generated from kio 0.6.5 by scripts/generate_schemas.py; do not edit.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from skylog.wire.facts import Direction, Message
from skylog.wire.facts import Field as F

MESSAGES: Final[dict[tuple[int, Direction], Callable[[], Message]]] = {
    (0, "request"): lambda: Message("ProduceRequest", 3, 13, 9, (
        F("transactional_id", "string", 3, null_since=3, default=None),
        F("acks", "int16", 3),
        F("timeout_ms", "int32", 3),
        F("topic_data", "struct", 3, array=True, fields=(
            F("name", "string", 3, until=12),
            F("topic_id", "uuid", 13),
            F("partition_data", "struct", 3, array=True, fields=(
                F("index", "int32", 3),
                F("records", "records", 3, null_since=3),
            )),
        )),
    )),
    (0, "response"): lambda: Message("ProduceResponse", 3, 13, 9, (
        F("responses", "struct", 3, array=True, fields=(
            F("name", "string", 3, until=12),
            F("topic_id", "uuid", 13),
            F("partition_responses", "struct", 3, array=True, fields=(
                F("index", "int32", 3),
                F("error_code", "int16", 3),
                F("base_offset", "int64", 3),
                F("log_append_time_ms", "int64", 3, default=-1),
                F("log_start_offset", "int64", 5, default=-1),
                F("record_errors", "struct", 8, array=True, fields=(
                    F("batch_index", "int32", 8),
                    F("batch_index_error_message", "string", 8, null_since=8, default=None),
                )),
                F("error_message", "string", 8, null_since=8, default=None),
                F("current_leader", "struct", 10, tag=0, fields=(
                    F("leader_id", "int32", 10, default=-1),
                    F("leader_epoch", "int32", 10, default=-1),
                )),
            )),
        )),
        F("throttle_time_ms", "int32", 3),
        F("node_endpoints", "struct", 10, tag=0, array=True, fields=(
            F("node_id", "int32", 10),
            F("host", "string", 10),
            F("port", "int32", 10),
            F("rack", "string", 10, null_since=10, default=None),
        )),
    )),
    (1, "request"): lambda: Message("FetchRequest", 4, 18, 12, (
        F("cluster_id", "string", 12, null_since=12, tag=0, default=None),
        F("replica_id", "int32", 4, until=14, default=-1),
        F("replica_state", "struct", 15, tag=1, fields=(
            F("replica_id", "int32", 15, default=-1),
            F("replica_epoch", "int64", 15, default=-1),
        )),
        F("max_wait_ms", "int32", 4),
        F("min_bytes", "int32", 4),
        F("max_bytes", "int32", 4, default=2147483647),
        F("isolation_level", "int8", 4),
        F("session_id", "int32", 7),
        F("session_epoch", "int32", 7, default=-1),
        F("topics", "struct", 4, array=True, fields=(
            F("topic", "string", 4, until=12),
            F("topic_id", "uuid", 13),
            F("partitions", "struct", 4, array=True, fields=(
                F("partition", "int32", 4),
                F("current_leader_epoch", "int32", 9, default=-1),
                F("fetch_offset", "int64", 4),
                F("last_fetched_epoch", "int32", 12, default=-1),
                F("log_start_offset", "int64", 5, default=-1),
                F("partition_max_bytes", "int32", 4),
                F("replica_directory_id", "uuid", 17, tag=0),
                F("high_watermark", "int64", 18, tag=1, default=9223372036854775807),
            )),
        )),
        F("forgotten_topics_data", "struct", 7, array=True, fields=(
            F("topic", "string", 7, until=12),
            F("topic_id", "uuid", 13),
            F("partitions", "int32", 7, array=True),
        )),
        F("rack_id", "string", 11),
    )),
    (1, "response"): lambda: Message("FetchResponse", 4, 18, 12, (
        F("throttle_time_ms", "int32", 4),
        F("error_code", "int16", 7),
        F("session_id", "int32", 7),
        F("responses", "struct", 4, array=True, fields=(
            F("topic", "string", 4, until=12),
            F("topic_id", "uuid", 13),
            F("partitions", "struct", 4, array=True, fields=(
                F("partition_index", "int32", 4),
                F("error_code", "int16", 4),
                F("high_watermark", "int64", 4),
                F("last_stable_offset", "int64", 4, default=-1),
                F("log_start_offset", "int64", 5, default=-1),
                F("diverging_epoch", "struct", 12, tag=0, fields=(
                    F("epoch", "int32", 12, default=-1),
                    F("end_offset", "int64", 12, default=-1),
                )),
                F("current_leader", "struct", 12, tag=1, fields=(
                    F("leader_id", "int32", 12, default=-1),
                    F("leader_epoch", "int32", 12, default=-1),
                )),
                F("snapshot_id", "struct", 12, tag=2, fields=(
                    F("end_offset", "int64", 12, default=-1),
                    F("epoch", "int32", 12, default=-1),
                )),
                F("aborted_transactions", "struct", 4, null_since=4, array=True, fields=(
                    F("producer_id", "int64", 4),
                    F("first_offset", "int64", 4),
                )),
                F("preferred_read_replica", "int32", 11, default=-1),
                F("records", "records", 4, null_since=4),
            )),
        )),
        F("node_endpoints", "struct", 16, tag=0, array=True, fields=(
            F("node_id", "int32", 16),
            F("host", "string", 16),
            F("port", "int32", 16),
            F("rack", "string", 16, null_since=16, default=None),
        )),
    )),
    (2, "request"): lambda: Message("ListOffsetsRequest", 1, 11, 6, (
        F("replica_id", "int32", 1),
        F("isolation_level", "int8", 2),
        F("topics", "struct", 1, array=True, fields=(
            F("name", "string", 1),
            F("partitions", "struct", 1, array=True, fields=(
                F("partition_index", "int32", 1),
                F("current_leader_epoch", "int32", 4, default=-1),
                F("timestamp", "int64", 1),
            )),
        )),
        F("timeout_ms", "int32", 10),
    )),
    (2, "response"): lambda: Message("ListOffsetsResponse", 1, 11, 6, (
        F("throttle_time_ms", "int32", 2),
        F("topics", "struct", 1, array=True, fields=(
            F("name", "string", 1),
            F("partitions", "struct", 1, array=True, fields=(
                F("partition_index", "int32", 1),
                F("error_code", "int16", 1),
                F("timestamp", "int64", 1, default=-1),
                F("offset", "int64", 1, default=-1),
                F("leader_epoch", "int32", 4, default=-1),
            )),
        )),
    )),
    (3, "request"): lambda: Message("MetadataRequest", 0, 13, 9, (
        F("topics", "struct", 0, null_since=1, array=True, fields=(
            F("topic_id", "uuid", 10),
            F("name", "string", 0, null_since=10),
        )),
        F("allow_auto_topic_creation", "bool", 4, default=True),
        F("include_cluster_authorized_operations", "bool", 8, until=10),
        F("include_topic_authorized_operations", "bool", 8),
    )),
    (3, "response"): lambda: Message("MetadataResponse", 0, 13, 9, (
        F("throttle_time_ms", "int32", 3),
        F("brokers", "struct", 0, array=True, fields=(
            F("node_id", "int32", 0),
            F("host", "string", 0),
            F("port", "int32", 0),
            F("rack", "string", 1, null_since=1, default=None),
        )),
        F("cluster_id", "string", 2, null_since=2, default=None),
        F("controller_id", "int32", 1, default=-1),
        F("topics", "struct", 0, array=True, fields=(
            F("error_code", "int16", 0),
            F("name", "string", 0, null_since=12),
            F("topic_id", "uuid", 10),
            F("is_internal", "bool", 1),
            F("partitions", "struct", 0, array=True, fields=(
                F("error_code", "int16", 0),
                F("partition_index", "int32", 0),
                F("leader_id", "int32", 0),
                F("leader_epoch", "int32", 7, default=-1),
                F("replica_nodes", "int32", 0, array=True),
                F("isr_nodes", "int32", 0, array=True),
                F("offline_replicas", "int32", 5, array=True),
            )),
            F("topic_authorized_operations", "int32", 8, default=-2147483648),
        )),
        F("cluster_authorized_operations", "int32", 8, until=10, default=-2147483648),
        F("error_code", "int16", 13),
    )),
    (8, "request"): lambda: Message("OffsetCommitRequest", 2, 10, 8, (
        F("group_id", "string", 2),
        F("generation_id_or_member_epoch", "int32", 2, default=-1),
        F("member_id", "string", 2),
        F("retention_time_ms", "int64", 2, until=4, default=-1),
        F("group_instance_id", "string", 7, null_since=7, default=None),
        F("topics", "struct", 2, array=True, fields=(
            F("name", "string", 2, until=9),
            F("topic_id", "uuid", 10),
            F("partitions", "struct", 2, array=True, fields=(
                F("partition_index", "int32", 2),
                F("committed_offset", "int64", 2),
                F("committed_leader_epoch", "int32", 6, default=-1),
                F("committed_metadata", "string", 2, null_since=2),
            )),
        )),
    )),
    (8, "response"): lambda: Message("OffsetCommitResponse", 2, 10, 8, (
        F("throttle_time_ms", "int32", 3),
        F("topics", "struct", 2, array=True, fields=(
            F("name", "string", 2, until=9),
            F("topic_id", "uuid", 10),
            F("partitions", "struct", 2, array=True, fields=(
                F("partition_index", "int32", 2),
                F("error_code", "int16", 2),
            )),
        )),
    )),
    (9, "request"): lambda: Message("OffsetFetchRequest", 1, 10, 6, (
        F("group_id", "string", 1, until=7),
        F("topics", "struct", 1, until=7, null_since=2, array=True, fields=(
            F("name", "string", 1),
            F("partition_indexes", "int32", 1, array=True),
        )),
        F("groups", "struct", 8, array=True, fields=(
            F("group_id", "string", 8),
            F("member_id", "string", 9, null_since=9, default=None),
            F("member_epoch", "int32", 9, default=-1),
            F("topics", "struct", 8, null_since=8, array=True, fields=(
                F("name", "string", 8, until=9),
                F("topic_id", "uuid", 10),
                F("partition_indexes", "int32", 8, array=True),
            )),
        )),
        F("require_stable", "bool", 7),
    )),
    (9, "response"): lambda: Message("OffsetFetchResponse", 1, 10, 6, (
        F("throttle_time_ms", "int32", 3),
        F("topics", "struct", 1, until=7, array=True, fields=(
            F("name", "string", 1),
            F("partitions", "struct", 1, array=True, fields=(
                F("partition_index", "int32", 1),
                F("committed_offset", "int64", 1),
                F("committed_leader_epoch", "int32", 5, default=-1),
                F("metadata", "string", 1, null_since=1),
                F("error_code", "int16", 1),
            )),
        )),
        F("error_code", "int16", 2, until=7),
        F("groups", "struct", 8, array=True, fields=(
            F("group_id", "string", 8),
            F("topics", "struct", 8, array=True, fields=(
                F("name", "string", 8, until=9),
                F("topic_id", "uuid", 10),
                F("partitions", "struct", 8, array=True, fields=(
                    F("partition_index", "int32", 8),
                    F("committed_offset", "int64", 8),
                    F("committed_leader_epoch", "int32", 8, default=-1),
                    F("metadata", "string", 8, null_since=8),
                    F("error_code", "int16", 8),
                )),
            )),
            F("error_code", "int16", 8),
        )),
    )),
    (10, "request"): lambda: Message("FindCoordinatorRequest", 0, 6, 3, (
        F("key", "string", 0, until=3),
        F("key_type", "int8", 1),
        F("coordinator_keys", "string", 4, array=True),
    )),
    (10, "response"): lambda: Message("FindCoordinatorResponse", 0, 6, 3, (
        F("throttle_time_ms", "int32", 1),
        F("error_code", "int16", 0, until=3),
        F("error_message", "string", 1, until=3, null_since=1),
        F("node_id", "int32", 0, until=3),
        F("host", "string", 0, until=3),
        F("port", "int32", 0, until=3),
        F("coordinators", "struct", 4, array=True, fields=(
            F("key", "string", 4),
            F("node_id", "int32", 4),
            F("host", "string", 4),
            F("port", "int32", 4),
            F("error_code", "int16", 4),
            F("error_message", "string", 4, null_since=4),
        )),
    )),
    (11, "request"): lambda: Message("JoinGroupRequest", 0, 9, 6, (
        F("group_id", "string", 0),
        F("session_timeout_ms", "int32", 0),
        F("rebalance_timeout_ms", "int32", 1, default=-1),
        F("member_id", "string", 0),
        F("group_instance_id", "string", 5, null_since=5, default=None),
        F("protocol_type", "string", 0),
        F("protocols", "struct", 0, array=True, fields=(
            F("name", "string", 0),
            F("metadata", "bytes", 0),
        )),
        F("reason", "string", 8, null_since=8, default=None),
    )),
    (11, "response"): lambda: Message("JoinGroupResponse", 0, 9, 6, (
        F("throttle_time_ms", "int32", 2),
        F("error_code", "int16", 0),
        F("generation_id", "int32", 0, default=-1),
        F("protocol_type", "string", 7, null_since=7, default=None),
        F("protocol_name", "string", 0, null_since=7),
        F("leader", "string", 0),
        F("skip_assignment", "bool", 9),
        F("member_id", "string", 0),
        F("members", "struct", 0, array=True, fields=(
            F("member_id", "string", 0),
            F("group_instance_id", "string", 5, null_since=5, default=None),
            F("metadata", "bytes", 0),
        )),
    )),
    (12, "request"): lambda: Message("HeartbeatRequest", 0, 4, 4, (
        F("group_id", "string", 0),
        F("generation_id", "int32", 0),
        F("member_id", "string", 0),
        F("group_instance_id", "string", 3, null_since=3, default=None),
    )),
    (12, "response"): lambda: Message("HeartbeatResponse", 0, 4, 4, (
        F("throttle_time_ms", "int32", 1),
        F("error_code", "int16", 0),
    )),
    (13, "request"): lambda: Message("LeaveGroupRequest", 0, 5, 4, (
        F("group_id", "string", 0),
        F("member_id", "string", 0, until=2),
        F("members", "struct", 3, array=True, fields=(
            F("member_id", "string", 3),
            F("group_instance_id", "string", 3, null_since=3, default=None),
            F("reason", "string", 5, null_since=5, default=None),
        )),
    )),
    (13, "response"): lambda: Message("LeaveGroupResponse", 0, 5, 4, (
        F("throttle_time_ms", "int32", 1),
        F("error_code", "int16", 0),
        F("members", "struct", 3, array=True, fields=(
            F("member_id", "string", 3),
            F("group_instance_id", "string", 3, null_since=3),
            F("error_code", "int16", 3),
        )),
    )),
    (14, "request"): lambda: Message("SyncGroupRequest", 0, 5, 4, (
        F("group_id", "string", 0),
        F("generation_id", "int32", 0),
        F("member_id", "string", 0),
        F("group_instance_id", "string", 3, null_since=3, default=None),
        F("protocol_type", "string", 5, null_since=5, default=None),
        F("protocol_name", "string", 5, null_since=5, default=None),
        F("assignments", "struct", 0, array=True, fields=(
            F("member_id", "string", 0),
            F("assignment", "bytes", 0),
        )),
    )),
    (14, "response"): lambda: Message("SyncGroupResponse", 0, 5, 4, (
        F("throttle_time_ms", "int32", 1),
        F("error_code", "int16", 0),
        F("protocol_type", "string", 5, null_since=5, default=None),
        F("protocol_name", "string", 5, null_since=5, default=None),
        F("assignment", "bytes", 0),
    )),
    (15, "request"): lambda: Message("DescribeGroupsRequest", 0, 6, 5, (
        F("groups", "string", 0, array=True),
        F("include_authorized_operations", "bool", 3),
    )),
    (15, "response"): lambda: Message("DescribeGroupsResponse", 0, 6, 5, (
        F("throttle_time_ms", "int32", 1),
        F("groups", "struct", 0, array=True, fields=(
            F("error_code", "int16", 0),
            F("error_message", "string", 6, null_since=6, default=None),
            F("group_id", "string", 0),
            F("group_state", "string", 0),
            F("protocol_type", "string", 0),
            F("protocol_data", "string", 0),
            F("members", "struct", 0, array=True, fields=(
                F("member_id", "string", 0),
                F("group_instance_id", "string", 4, null_since=4, default=None),
                F("client_id", "string", 0),
                F("client_host", "string", 0),
                F("member_metadata", "bytes", 0),
                F("member_assignment", "bytes", 0),
            )),
            F("authorized_operations", "int32", 3, default=-2147483648),
        )),
    )),
    (16, "request"): lambda: Message("ListGroupsRequest", 0, 5, 3, (
        F("states_filter", "string", 4, array=True),
        F("types_filter", "string", 5, array=True),
    )),
    (16, "response"): lambda: Message("ListGroupsResponse", 0, 5, 3, (
        F("throttle_time_ms", "int32", 1),
        F("error_code", "int16", 0),
        F("groups", "struct", 0, array=True, fields=(
            F("group_id", "string", 0),
            F("protocol_type", "string", 0),
            F("group_state", "string", 4),
            F("group_type", "string", 5),
        )),
    )),
    (17, "request"): lambda: Message("SaslHandshakeRequest", 0, 1, 32767, (
        F("mechanism", "string", 0),
    )),
    (17, "response"): lambda: Message("SaslHandshakeResponse", 0, 1, 32767, (
        F("error_code", "int16", 0),
        F("mechanisms", "string", 0, array=True),
    )),
    (18, "request"): lambda: Message("ApiVersionsRequest", 0, 4, 3, (
        F("client_software_name", "string", 3),
        F("client_software_version", "string", 3),
    )),
    (18, "response"): lambda: Message("ApiVersionsResponse", 0, 4, 3, (
        F("error_code", "int16", 0),
        F("api_keys", "struct", 0, array=True, fields=(
            F("api_key", "int16", 0),
            F("min_version", "int16", 0),
            F("max_version", "int16", 0),
        )),
        F("throttle_time_ms", "int32", 1),
        F("supported_features", "struct", 3, tag=0, array=True, fields=(
            F("name", "string", 3),
            F("min_version", "int16", 3),
            F("max_version", "int16", 3),
        )),
        F("finalized_features_epoch", "int64", 3, tag=1, default=-1),
        F("finalized_features", "struct", 3, tag=2, array=True, fields=(
            F("name", "string", 3),
            F("max_version_level", "int16", 3),
            F("min_version_level", "int16", 3),
        )),
        F("zk_migration_ready", "bool", 3, tag=3),
    )),
    (19, "request"): lambda: Message("CreateTopicsRequest", 2, 7, 5, (
        F("topics", "struct", 2, array=True, fields=(
            F("name", "string", 2),
            F("num_partitions", "int32", 2),
            F("replication_factor", "int16", 2),
            F("assignments", "struct", 2, array=True, fields=(
                F("partition_index", "int32", 2),
                F("broker_ids", "int32", 2, array=True),
            )),
            F("configs", "struct", 2, array=True, fields=(
                F("name", "string", 2),
                F("value", "string", 2, null_since=2),
            )),
        )),
        F("timeout_ms", "int32", 2, default=60000),
        F("validate_only", "bool", 2),
    )),
    (19, "response"): lambda: Message("CreateTopicsResponse", 2, 7, 5, (
        F("throttle_time_ms", "int32", 2),
        F("topics", "struct", 2, array=True, fields=(
            F("name", "string", 2),
            F("topic_id", "uuid", 7),
            F("error_code", "int16", 2),
            F("error_message", "string", 2, null_since=2),
            F("topic_config_error_code", "int16", 5, tag=0),
            F("num_partitions", "int32", 5, default=-1),
            F("replication_factor", "int16", 5, default=-1),
            F("configs", "struct", 5, null_since=5, array=True, fields=(
                F("name", "string", 5),
                F("value", "string", 5, null_since=5),
                F("read_only", "bool", 5),
                F("config_source", "int8", 5, default=-1),
                F("is_sensitive", "bool", 5),
            )),
        )),
    )),
    (20, "request"): lambda: Message("DeleteTopicsRequest", 1, 6, 4, (
        F("topic_names", "string", 1, until=5, array=True),
        F("topics", "struct", 6, array=True, fields=(
            F("name", "string", 6, null_since=6, default=None),
            F("topic_id", "uuid", 6),
        )),
        F("timeout_ms", "int32", 1),
    )),
    (20, "response"): lambda: Message("DeleteTopicsResponse", 1, 6, 4, (
        F("throttle_time_ms", "int32", 1),
        F("responses", "struct", 1, array=True, fields=(
            F("name", "string", 1, null_since=6),
            F("topic_id", "uuid", 6),
            F("error_code", "int16", 1),
            F("error_message", "string", 5, null_since=5, default=None),
        )),
    )),
    (21, "request"): lambda: Message("DeleteRecordsRequest", 0, 2, 2, (
        F("topics", "struct", 0, array=True, fields=(
            F("name", "string", 0),
            F("partitions", "struct", 0, array=True, fields=(
                F("partition_index", "int32", 0),
                F("offset", "int64", 0),
            )),
        )),
        F("timeout_ms", "int32", 0),
    )),
    (21, "response"): lambda: Message("DeleteRecordsResponse", 0, 2, 2, (
        F("throttle_time_ms", "int32", 0),
        F("topics", "struct", 0, array=True, fields=(
            F("name", "string", 0),
            F("partitions", "struct", 0, array=True, fields=(
                F("partition_index", "int32", 0),
                F("low_watermark", "int64", 0),
                F("error_code", "int16", 0),
            )),
        )),
    )),
    (22, "request"): lambda: Message("InitProducerIdRequest", 0, 6, 2, (
        F("transactional_id", "string", 0, null_since=0),
        F("transaction_timeout_ms", "int32", 0),
        F("producer_id", "int64", 3, default=-1),
        F("producer_epoch", "int16", 3, default=-1),
        F("enable2_pc", "bool", 6),
        F("keep_prepared_txn", "bool", 6),
    )),
    (22, "response"): lambda: Message("InitProducerIdResponse", 0, 6, 2, (
        F("throttle_time_ms", "int32", 0),
        F("error_code", "int16", 0),
        F("producer_id", "int64", 0, default=-1),
        F("producer_epoch", "int16", 0),
        F("ongoing_txn_producer_id", "int64", 6, default=-1),
        F("ongoing_txn_producer_epoch", "int16", 6, default=-1),
    )),
    (23, "request"): lambda: Message("OffsetForLeaderEpochRequest", 2, 4, 4, (
        F("replica_id", "int32", 3, default=-2),
        F("topics", "struct", 2, array=True, fields=(
            F("topic", "string", 2),
            F("partitions", "struct", 2, array=True, fields=(
                F("partition", "int32", 2),
                F("current_leader_epoch", "int32", 2, default=-1),
                F("leader_epoch", "int32", 2),
            )),
        )),
    )),
    (23, "response"): lambda: Message("OffsetForLeaderEpochResponse", 2, 4, 4, (
        F("throttle_time_ms", "int32", 2),
        F("topics", "struct", 2, array=True, fields=(
            F("topic", "string", 2),
            F("partitions", "struct", 2, array=True, fields=(
                F("error_code", "int16", 2),
                F("partition", "int32", 2),
                F("leader_epoch", "int32", 2, default=-1),
                F("end_offset", "int64", 2, default=-1),
            )),
        )),
    )),
    (24, "request"): lambda: Message("AddPartitionsToTxnRequest", 0, 5, 3, (
        F("v3_and_below_transactional_id", "string", 0, until=3),
        F("v3_and_below_producer_id", "int64", 0, until=3),
        F("v3_and_below_producer_epoch", "int16", 0, until=3),
        F("v3_and_below_topics", "struct", 0, until=3, array=True, fields=(
            F("name", "string", 0),
            F("partitions", "int32", 0, array=True),
        )),
        F("transactions", "struct", 4, array=True, fields=(
            F("transactional_id", "string", 4),
            F("producer_id", "int64", 4),
            F("producer_epoch", "int16", 4),
            F("verify_only", "bool", 4),
            F("topics", "struct", 4, array=True, fields=(
                F("name", "string", 4),
                F("partitions", "int32", 4, array=True),
            )),
        )),
    )),
    (24, "response"): lambda: Message("AddPartitionsToTxnResponse", 0, 5, 3, (
        F("throttle_time_ms", "int32", 0),
        F("results_by_topic_v3_and_below", "struct", 0, until=3, array=True, fields=(
            F("name", "string", 0),
            F("results_by_partition", "struct", 0, array=True, fields=(
                F("partition_index", "int32", 0),
                F("partition_error_code", "int16", 0),
            )),
        )),
        F("error_code", "int16", 4),
        F("results_by_transaction", "struct", 4, array=True, fields=(
            F("transactional_id", "string", 4),
            F("topic_results", "struct", 4, array=True, fields=(
                F("name", "string", 4),
                F("results_by_partition", "struct", 4, array=True, fields=(
                    F("partition_index", "int32", 4),
                    F("partition_error_code", "int16", 4),
                )),
            )),
        )),
    )),
    (25, "request"): lambda: Message("AddOffsetsToTxnRequest", 0, 4, 3, (
        F("transactional_id", "string", 0),
        F("producer_id", "int64", 0),
        F("producer_epoch", "int16", 0),
        F("group_id", "string", 0),
    )),
    (25, "response"): lambda: Message("AddOffsetsToTxnResponse", 0, 4, 3, (
        F("throttle_time_ms", "int32", 0),
        F("error_code", "int16", 0),
    )),
    (26, "request"): lambda: Message("EndTxnRequest", 0, 5, 3, (
        F("transactional_id", "string", 0),
        F("producer_id", "int64", 0),
        F("producer_epoch", "int16", 0),
        F("committed", "bool", 0),
    )),
    (26, "response"): lambda: Message("EndTxnResponse", 0, 5, 3, (
        F("throttle_time_ms", "int32", 0),
        F("error_code", "int16", 0),
        F("producer_id", "int64", 5, default=-1),
        F("producer_epoch", "int16", 5, default=-1),
    )),
    (27, "request"): lambda: Message("WriteTxnMarkersRequest", 1, 2, 1, (
        F("markers", "struct", 1, array=True, fields=(
            F("producer_id", "int64", 1),
            F("producer_epoch", "int16", 1),
            F("transaction_result", "bool", 1),
            F("topics", "struct", 1, array=True, fields=(
                F("name", "string", 1),
                F("partition_indexes", "int32", 1, array=True),
            )),
            F("coordinator_epoch", "int32", 1),
            F("transaction_version", "int8", 2),
        )),
    )),
    (27, "response"): lambda: Message("WriteTxnMarkersResponse", 1, 2, 1, (
        F("markers", "struct", 1, array=True, fields=(
            F("producer_id", "int64", 1),
            F("topics", "struct", 1, array=True, fields=(
                F("name", "string", 1),
                F("partitions", "struct", 1, array=True, fields=(
                    F("partition_index", "int32", 1),
                    F("error_code", "int16", 1),
                )),
            )),
        )),
    )),
    (28, "request"): lambda: Message("TxnOffsetCommitRequest", 0, 5, 3, (
        F("transactional_id", "string", 0),
        F("group_id", "string", 0),
        F("producer_id", "int64", 0),
        F("producer_epoch", "int16", 0),
        F("generation_id", "int32", 3, default=-1),
        F("member_id", "string", 3),
        F("group_instance_id", "string", 3, null_since=3, default=None),
        F("topics", "struct", 0, array=True, fields=(
            F("name", "string", 0),
            F("partitions", "struct", 0, array=True, fields=(
                F("partition_index", "int32", 0),
                F("committed_offset", "int64", 0),
                F("committed_leader_epoch", "int32", 2, default=-1),
                F("committed_metadata", "string", 0, null_since=0),
            )),
        )),
    )),
    (28, "response"): lambda: Message("TxnOffsetCommitResponse", 0, 5, 3, (
        F("throttle_time_ms", "int32", 0),
        F("topics", "struct", 0, array=True, fields=(
            F("name", "string", 0),
            F("partitions", "struct", 0, array=True, fields=(
                F("partition_index", "int32", 0),
                F("error_code", "int16", 0),
            )),
        )),
    )),
    (29, "request"): lambda: Message("DescribeAclsRequest", 1, 3, 2, (
        F("resource_type_filter", "int8", 1),
        F("resource_name_filter", "string", 1, null_since=1),
        F("pattern_type_filter", "int8", 1, default=3),
        F("principal_filter", "string", 1, null_since=1),
        F("host_filter", "string", 1, null_since=1),
        F("operation", "int8", 1),
        F("permission_type", "int8", 1),
    )),
    (29, "response"): lambda: Message("DescribeAclsResponse", 1, 3, 2, (
        F("throttle_time_ms", "int32", 1),
        F("error_code", "int16", 1),
        F("error_message", "string", 1, null_since=1),
        F("resources", "struct", 1, array=True, fields=(
            F("resource_type", "int8", 1),
            F("resource_name", "string", 1),
            F("pattern_type", "int8", 1, default=3),
            F("acls", "struct", 1, array=True, fields=(
                F("principal", "string", 1),
                F("host", "string", 1),
                F("operation", "int8", 1),
                F("permission_type", "int8", 1),
            )),
        )),
    )),
    (30, "request"): lambda: Message("CreateAclsRequest", 1, 3, 2, (
        F("creations", "struct", 1, array=True, fields=(
            F("resource_type", "int8", 1),
            F("resource_name", "string", 1),
            F("resource_pattern_type", "int8", 1, default=3),
            F("principal", "string", 1),
            F("host", "string", 1),
            F("operation", "int8", 1),
            F("permission_type", "int8", 1),
        )),
    )),
    (30, "response"): lambda: Message("CreateAclsResponse", 1, 3, 2, (
        F("throttle_time_ms", "int32", 1),
        F("results", "struct", 1, array=True, fields=(
            F("error_code", "int16", 1),
            F("error_message", "string", 1, null_since=1),
        )),
    )),
    (31, "request"): lambda: Message("DeleteAclsRequest", 1, 3, 2, (
        F("filters", "struct", 1, array=True, fields=(
            F("resource_type_filter", "int8", 1),
            F("resource_name_filter", "string", 1, null_since=1),
            F("pattern_type_filter", "int8", 1, default=3),
            F("principal_filter", "string", 1, null_since=1),
            F("host_filter", "string", 1, null_since=1),
            F("operation", "int8", 1),
            F("permission_type", "int8", 1),
        )),
    )),
    (31, "response"): lambda: Message("DeleteAclsResponse", 1, 3, 2, (
        F("throttle_time_ms", "int32", 1),
        F("filter_results", "struct", 1, array=True, fields=(
            F("error_code", "int16", 1),
            F("error_message", "string", 1, null_since=1),
            F("matching_acls", "struct", 1, array=True, fields=(
                F("error_code", "int16", 1),
                F("error_message", "string", 1, null_since=1),
                F("resource_type", "int8", 1),
                F("resource_name", "string", 1),
                F("pattern_type", "int8", 1, default=3),
                F("principal", "string", 1),
                F("host", "string", 1),
                F("operation", "int8", 1),
                F("permission_type", "int8", 1),
            )),
        )),
    )),
    (32, "request"): lambda: Message("DescribeConfigsRequest", 1, 4, 4, (
        F("resources", "struct", 1, array=True, fields=(
            F("resource_type", "int8", 1),
            F("resource_name", "string", 1),
            F("configuration_keys", "string", 1, null_since=1, array=True),
        )),
        F("include_synonyms", "bool", 1),
        F("include_documentation", "bool", 3),
    )),
    (32, "response"): lambda: Message("DescribeConfigsResponse", 1, 4, 4, (
        F("throttle_time_ms", "int32", 1),
        F("results", "struct", 1, array=True, fields=(
            F("error_code", "int16", 1),
            F("error_message", "string", 1, null_since=1),
            F("resource_type", "int8", 1),
            F("resource_name", "string", 1),
            F("configs", "struct", 1, array=True, fields=(
                F("name", "string", 1),
                F("value", "string", 1, null_since=1),
                F("read_only", "bool", 1),
                F("config_source", "int8", 1, default=-1),
                F("is_sensitive", "bool", 1),
                F("synonyms", "struct", 1, array=True, fields=(
                    F("name", "string", 1),
                    F("value", "string", 1, null_since=1),
                    F("source", "int8", 1),
                )),
                F("config_type", "int8", 3),
                F("documentation", "string", 3, null_since=3),
            )),
        )),
    )),
    (33, "request"): lambda: Message("AlterConfigsRequest", 0, 2, 2, (
        F("resources", "struct", 0, array=True, fields=(
            F("resource_type", "int8", 0),
            F("resource_name", "string", 0),
            F("configs", "struct", 0, array=True, fields=(
                F("name", "string", 0),
                F("value", "string", 0, null_since=0),
            )),
        )),
        F("validate_only", "bool", 0),
    )),
    (33, "response"): lambda: Message("AlterConfigsResponse", 0, 2, 2, (
        F("throttle_time_ms", "int32", 0),
        F("responses", "struct", 0, array=True, fields=(
            F("error_code", "int16", 0),
            F("error_message", "string", 0, null_since=0),
            F("resource_type", "int8", 0),
            F("resource_name", "string", 0),
        )),
    )),
    (34, "request"): lambda: Message("AlterReplicaLogDirsRequest", 1, 2, 2, (
        F("dirs", "struct", 1, array=True, fields=(
            F("path", "string", 1),
            F("topics", "struct", 1, array=True, fields=(
                F("name", "string", 1),
                F("partitions", "int32", 1, array=True),
            )),
        )),
    )),
    (34, "response"): lambda: Message("AlterReplicaLogDirsResponse", 1, 2, 2, (
        F("throttle_time_ms", "int32", 1),
        F("results", "struct", 1, array=True, fields=(
            F("topic_name", "string", 1),
            F("partitions", "struct", 1, array=True, fields=(
                F("partition_index", "int32", 1),
                F("error_code", "int16", 1),
            )),
        )),
    )),
    (35, "request"): lambda: Message("DescribeLogDirsRequest", 1, 5, 2, (
        F("topics", "struct", 1, null_since=1, array=True, fields=(
            F("topic", "string", 1),
            F("partitions", "int32", 1, array=True),
        )),
    )),
    (35, "response"): lambda: Message("DescribeLogDirsResponse", 1, 5, 2, (
        F("throttle_time_ms", "int32", 1),
        F("error_code", "int16", 3),
        F("results", "struct", 1, array=True, fields=(
            F("error_code", "int16", 1),
            F("log_dir", "string", 1),
            F("topics", "struct", 1, array=True, fields=(
                F("name", "string", 1),
                F("partitions", "struct", 1, array=True, fields=(
                    F("partition_index", "int32", 1),
                    F("partition_size", "int64", 1),
                    F("offset_lag", "int64", 1),
                    F("is_future_key", "bool", 1),
                )),
            )),
            F("total_bytes", "int64", 4, default=-1),
            F("usable_bytes", "int64", 4, default=-1),
            F("is_cordoned", "bool", 5),
        )),
    )),
    (36, "request"): lambda: Message("SaslAuthenticateRequest", 0, 2, 2, (
        F("auth_bytes", "bytes", 0),
    )),
    (36, "response"): lambda: Message("SaslAuthenticateResponse", 0, 2, 2, (
        F("error_code", "int16", 0),
        F("error_message", "string", 0, null_since=0),
        F("auth_bytes", "bytes", 0),
        F("session_lifetime_ms", "int64", 1),
    )),
    (37, "request"): lambda: Message("CreatePartitionsRequest", 0, 3, 2, (
        F("topics", "struct", 0, array=True, fields=(
            F("name", "string", 0),
            F("count", "int32", 0),
            F("assignments", "struct", 0, null_since=0, array=True, fields=(
                F("broker_ids", "int32", 0, array=True),
            )),
        )),
        F("timeout_ms", "int32", 0),
        F("validate_only", "bool", 0),
    )),
    (37, "response"): lambda: Message("CreatePartitionsResponse", 0, 3, 2, (
        F("throttle_time_ms", "int32", 0),
        F("results", "struct", 0, array=True, fields=(
            F("name", "string", 0),
            F("error_code", "int16", 0),
            F("error_message", "string", 0, null_since=0, default=None),
        )),
    )),
    (38, "request"): lambda: Message("CreateDelegationTokenRequest", 1, 3, 2, (
        F("owner_principal_type", "string", 3, null_since=3),
        F("owner_principal_name", "string", 3, null_since=3),
        F("renewers", "struct", 1, array=True, fields=(
            F("principal_type", "string", 1),
            F("principal_name", "string", 1),
        )),
        F("max_lifetime_ms", "int64", 1),
    )),
    (38, "response"): lambda: Message("CreateDelegationTokenResponse", 1, 3, 2, (
        F("error_code", "int16", 1),
        F("principal_type", "string", 1),
        F("principal_name", "string", 1),
        F("token_requester_principal_type", "string", 3),
        F("token_requester_principal_name", "string", 3),
        F("issue_timestamp_ms", "int64", 1),
        F("expiry_timestamp_ms", "int64", 1),
        F("max_timestamp_ms", "int64", 1),
        F("token_id", "string", 1),
        F("hmac", "bytes", 1),
        F("throttle_time_ms", "int32", 1),
    )),
    (39, "request"): lambda: Message("RenewDelegationTokenRequest", 1, 2, 2, (
        F("hmac", "bytes", 1),
        F("renew_period_ms", "int64", 1),
    )),
    (39, "response"): lambda: Message("RenewDelegationTokenResponse", 1, 2, 2, (
        F("error_code", "int16", 1),
        F("expiry_timestamp_ms", "int64", 1),
        F("throttle_time_ms", "int32", 1),
    )),
    (40, "request"): lambda: Message("ExpireDelegationTokenRequest", 1, 2, 2, (
        F("hmac", "bytes", 1),
        F("expiry_time_period_ms", "int64", 1),
    )),
    (40, "response"): lambda: Message("ExpireDelegationTokenResponse", 1, 2, 2, (
        F("error_code", "int16", 1),
        F("expiry_timestamp_ms", "int64", 1),
        F("throttle_time_ms", "int32", 1),
    )),
    (41, "request"): lambda: Message("DescribeDelegationTokenRequest", 1, 3, 2, (
        F("owners", "struct", 1, null_since=1, array=True, fields=(
            F("principal_type", "string", 1),
            F("principal_name", "string", 1),
        )),
    )),
    (41, "response"): lambda: Message("DescribeDelegationTokenResponse", 1, 3, 2, (
        F("error_code", "int16", 1),
        F("tokens", "struct", 1, array=True, fields=(
            F("principal_type", "string", 1),
            F("principal_name", "string", 1),
            F("token_requester_principal_type", "string", 3),
            F("token_requester_principal_name", "string", 3),
            F("issue_timestamp", "int64", 1),
            F("expiry_timestamp", "int64", 1),
            F("max_timestamp", "int64", 1),
            F("token_id", "string", 1),
            F("hmac", "bytes", 1),
            F("renewers", "struct", 1, array=True, fields=(
                F("principal_type", "string", 1),
                F("principal_name", "string", 1),
            )),
        )),
        F("throttle_time_ms", "int32", 1),
    )),
    (42, "request"): lambda: Message("DeleteGroupsRequest", 0, 2, 2, (
        F("groups_names", "string", 0, array=True),
    )),
    (42, "response"): lambda: Message("DeleteGroupsResponse", 0, 2, 2, (
        F("throttle_time_ms", "int32", 0),
        F("results", "struct", 0, array=True, fields=(
            F("group_id", "string", 0),
            F("error_code", "int16", 0),
        )),
    )),
    (43, "request"): lambda: Message("ElectLeadersRequest", 0, 2, 2, (
        F("election_type", "int8", 1),
        F("topic_partitions", "struct", 0, null_since=0, array=True, fields=(
            F("topic", "string", 0),
            F("partitions", "int32", 0, array=True),
        )),
        F("timeout_ms", "int32", 0, default=60000),
    )),
    (43, "response"): lambda: Message("ElectLeadersResponse", 0, 2, 2, (
        F("throttle_time_ms", "int32", 0),
        F("error_code", "int16", 1),
        F("replica_election_results", "struct", 0, array=True, fields=(
            F("topic", "string", 0),
            F("partition_result", "struct", 0, array=True, fields=(
                F("partition_id", "int32", 0),
                F("error_code", "int16", 0),
                F("error_message", "string", 0, null_since=0),
            )),
        )),
    )),
    (44, "request"): lambda: Message("IncrementalAlterConfigsRequest", 0, 1, 1, (
        F("resources", "struct", 0, array=True, fields=(
            F("resource_type", "int8", 0),
            F("resource_name", "string", 0),
            F("configs", "struct", 0, array=True, fields=(
                F("name", "string", 0),
                F("config_operation", "int8", 0),
                F("value", "string", 0, null_since=0),
            )),
        )),
        F("validate_only", "bool", 0),
    )),
    (44, "response"): lambda: Message("IncrementalAlterConfigsResponse", 0, 1, 1, (
        F("throttle_time_ms", "int32", 0),
        F("responses", "struct", 0, array=True, fields=(
            F("error_code", "int16", 0),
            F("error_message", "string", 0, null_since=0),
            F("resource_type", "int8", 0),
            F("resource_name", "string", 0),
        )),
    )),
    (45, "request"): lambda: Message("AlterPartitionReassignmentsRequest", 0, 1, 0, (
        F("timeout_ms", "int32", 0, default=60000),
        F("allow_replication_factor_change", "bool", 1, default=True),
        F("topics", "struct", 0, array=True, fields=(
            F("name", "string", 0),
            F("partitions", "struct", 0, array=True, fields=(
                F("partition_index", "int32", 0),
                F("replicas", "int32", 0, null_since=0, default=None, array=True),
            )),
        )),
    )),
    (45, "response"): lambda: Message("AlterPartitionReassignmentsResponse", 0, 1, 0, (
        F("throttle_time_ms", "int32", 0),
        F("allow_replication_factor_change", "bool", 1, default=True),
        F("error_code", "int16", 0),
        F("error_message", "string", 0, null_since=0),
        F("responses", "struct", 0, array=True, fields=(
            F("name", "string", 0),
            F("partitions", "struct", 0, array=True, fields=(
                F("partition_index", "int32", 0),
                F("error_code", "int16", 0),
                F("error_message", "string", 0, null_since=0),
            )),
        )),
    )),
    (46, "request"): lambda: Message("ListPartitionReassignmentsRequest", 0, 0, 0, (
        F("timeout_ms", "int32", 0, default=60000),
        F("topics", "struct", 0, null_since=0, array=True, fields=(
            F("name", "string", 0),
            F("partition_indexes", "int32", 0, array=True),
        )),
    )),
    (46, "response"): lambda: Message("ListPartitionReassignmentsResponse", 0, 0, 0, (
        F("throttle_time_ms", "int32", 0),
        F("error_code", "int16", 0),
        F("error_message", "string", 0, null_since=0),
        F("topics", "struct", 0, array=True, fields=(
            F("name", "string", 0),
            F("partitions", "struct", 0, array=True, fields=(
                F("partition_index", "int32", 0),
                F("replicas", "int32", 0, array=True),
                F("adding_replicas", "int32", 0, array=True),
                F("removing_replicas", "int32", 0, array=True),
            )),
        )),
    )),
    (47, "request"): lambda: Message("OffsetDeleteRequest", 0, 0, 32767, (
        F("group_id", "string", 0),
        F("topics", "struct", 0, array=True, fields=(
            F("name", "string", 0),
            F("partitions", "struct", 0, array=True, fields=(
                F("partition_index", "int32", 0),
            )),
        )),
    )),
    (47, "response"): lambda: Message("OffsetDeleteResponse", 0, 0, 32767, (
        F("error_code", "int16", 0),
        F("throttle_time_ms", "int32", 0),
        F("topics", "struct", 0, array=True, fields=(
            F("name", "string", 0),
            F("partitions", "struct", 0, array=True, fields=(
                F("partition_index", "int32", 0),
                F("error_code", "int16", 0),
            )),
        )),
    )),
    (48, "request"): lambda: Message("DescribeClientQuotasRequest", 0, 1, 1, (
        F("components", "struct", 0, array=True, fields=(
            F("entity_type", "string", 0),
            F("match_type", "int8", 0),
            F("match", "string", 0, null_since=0),
        )),
        F("strict", "bool", 0),
    )),
    (48, "response"): lambda: Message("DescribeClientQuotasResponse", 0, 1, 1, (
        F("throttle_time_ms", "int32", 0),
        F("error_code", "int16", 0),
        F("error_message", "string", 0, null_since=0),
        F("entries", "struct", 0, null_since=0, array=True, fields=(
            F("entity", "struct", 0, array=True, fields=(
                F("entity_type", "string", 0),
                F("entity_name", "string", 0, null_since=0),
            )),
            F("values", "struct", 0, array=True, fields=(
                F("key", "string", 0),
                F("value", "float64", 0),
            )),
        )),
    )),
    (49, "request"): lambda: Message("AlterClientQuotasRequest", 0, 1, 1, (
        F("entries", "struct", 0, array=True, fields=(
            F("entity", "struct", 0, array=True, fields=(
                F("entity_type", "string", 0),
                F("entity_name", "string", 0, null_since=0),
            )),
            F("ops", "struct", 0, array=True, fields=(
                F("key", "string", 0),
                F("value", "float64", 0),
                F("remove", "bool", 0),
            )),
        )),
        F("validate_only", "bool", 0),
    )),
    (49, "response"): lambda: Message("AlterClientQuotasResponse", 0, 1, 1, (
        F("throttle_time_ms", "int32", 0),
        F("entries", "struct", 0, array=True, fields=(
            F("error_code", "int16", 0),
            F("error_message", "string", 0, null_since=0),
            F("entity", "struct", 0, array=True, fields=(
                F("entity_type", "string", 0),
                F("entity_name", "string", 0, null_since=0),
            )),
        )),
    )),
    (50, "request"): lambda: Message("DescribeUserScramCredentialsRequest", 0, 0, 0, (
        F("users", "struct", 0, null_since=0, array=True, fields=(
            F("name", "string", 0),
        )),
    )),
    (50, "response"): lambda: Message("DescribeUserScramCredentialsResponse", 0, 0, 0, (
        F("throttle_time_ms", "int32", 0),
        F("error_code", "int16", 0),
        F("error_message", "string", 0, null_since=0),
        F("results", "struct", 0, array=True, fields=(
            F("user", "string", 0),
            F("error_code", "int16", 0),
            F("error_message", "string", 0, null_since=0),
            F("credential_infos", "struct", 0, array=True, fields=(
                F("mechanism", "int8", 0),
                F("iterations", "int32", 0),
            )),
        )),
    )),
    (51, "request"): lambda: Message("AlterUserScramCredentialsRequest", 0, 0, 0, (
        F("deletions", "struct", 0, array=True, fields=(
            F("name", "string", 0),
            F("mechanism", "int8", 0),
        )),
        F("upsertions", "struct", 0, array=True, fields=(
            F("name", "string", 0),
            F("mechanism", "int8", 0),
            F("iterations", "int32", 0),
            F("salt", "bytes", 0),
            F("salted_password", "bytes", 0),
        )),
    )),
    (51, "response"): lambda: Message("AlterUserScramCredentialsResponse", 0, 0, 0, (
        F("throttle_time_ms", "int32", 0),
        F("results", "struct", 0, array=True, fields=(
            F("user", "string", 0),
            F("error_code", "int16", 0),
            F("error_message", "string", 0, null_since=0),
        )),
    )),
    (55, "request"): lambda: Message("DescribeQuorumRequest", 0, 2, 0, (
        F("topics", "struct", 0, array=True, fields=(
            F("topic_name", "string", 0),
            F("partitions", "struct", 0, array=True, fields=(
                F("partition_index", "int32", 0),
            )),
        )),
    )),
    (55, "response"): lambda: Message("DescribeQuorumResponse", 0, 2, 0, (
        F("error_code", "int16", 0),
        F("error_message", "string", 2, null_since=2),
        F("topics", "struct", 0, array=True, fields=(
            F("topic_name", "string", 0),
            F("partitions", "struct", 0, array=True, fields=(
                F("partition_index", "int32", 0),
                F("error_code", "int16", 0),
                F("error_message", "string", 2, null_since=2),
                F("leader_id", "int32", 0),
                F("leader_epoch", "int32", 0),
                F("high_watermark", "int64", 0),
                F("current_voters", "struct", 0, array=True, fields=(
                    F("replica_id", "int32", 0),
                    F("replica_directory_id", "uuid", 2),
                    F("log_end_offset", "int64", 0),
                    F("last_fetch_timestamp", "int64", 1, default=-1),
                    F("last_caught_up_timestamp", "int64", 1, default=-1),
                )),
                F("observers", "struct", 0, array=True, fields=(
                    F("replica_id", "int32", 0),
                    F("replica_directory_id", "uuid", 2),
                    F("log_end_offset", "int64", 0),
                    F("last_fetch_timestamp", "int64", 1, default=-1),
                    F("last_caught_up_timestamp", "int64", 1, default=-1),
                )),
            )),
        )),
        F("nodes", "struct", 2, array=True, fields=(
            F("node_id", "int32", 2),
            F("listeners", "struct", 2, array=True, fields=(
                F("name", "string", 2),
                F("host", "string", 2),
                F("port", "uint16", 2),
            )),
        )),
    )),
    (57, "request"): lambda: Message("UpdateFeaturesRequest", 0, 2, 0, (
        F("timeout_ms", "int32", 0, default=60000),
        F("feature_updates", "struct", 0, array=True, fields=(
            F("feature", "string", 0),
            F("max_version_level", "int16", 0),
            F("allow_downgrade", "bool", 0, until=0),
            F("upgrade_type", "int8", 1, default=1),
        )),
        F("validate_only", "bool", 1),
    )),
    (57, "response"): lambda: Message("UpdateFeaturesResponse", 0, 2, 0, (
        F("throttle_time_ms", "int32", 0),
        F("error_code", "int16", 0),
        F("error_message", "string", 0, null_since=0),
        F("results", "struct", 0, until=1, array=True, fields=(
            F("feature", "string", 0),
            F("error_code", "int16", 0),
            F("error_message", "string", 0, null_since=0),
        )),
    )),
    (60, "request"): lambda: Message("DescribeClusterRequest", 0, 2, 0, (
        F("include_cluster_authorized_operations", "bool", 0),
        F("endpoint_type", "int8", 1, default=1),
        F("include_fenced_brokers", "bool", 2),
    )),
    (60, "response"): lambda: Message("DescribeClusterResponse", 0, 2, 0, (
        F("throttle_time_ms", "int32", 0),
        F("error_code", "int16", 0),
        F("error_message", "string", 0, null_since=0, default=None),
        F("endpoint_type", "int8", 1, default=1),
        F("cluster_id", "string", 0),
        F("controller_id", "int32", 0, default=-1),
        F("brokers", "struct", 0, array=True, fields=(
            F("broker_id", "int32", 0),
            F("host", "string", 0),
            F("port", "int32", 0),
            F("rack", "string", 0, null_since=0, default=None),
            F("is_fenced", "bool", 2),
        )),
        F("cluster_authorized_operations", "int32", 0, default=-2147483648),
    )),
    (61, "request"): lambda: Message("DescribeProducersRequest", 0, 0, 0, (
        F("topics", "struct", 0, array=True, fields=(
            F("name", "string", 0),
            F("partition_indexes", "int32", 0, array=True),
        )),
    )),
    (61, "response"): lambda: Message("DescribeProducersResponse", 0, 0, 0, (
        F("throttle_time_ms", "int32", 0),
        F("topics", "struct", 0, array=True, fields=(
            F("name", "string", 0),
            F("partitions", "struct", 0, array=True, fields=(
                F("partition_index", "int32", 0),
                F("error_code", "int16", 0),
                F("error_message", "string", 0, null_since=0, default=None),
                F("active_producers", "struct", 0, array=True, fields=(
                    F("producer_id", "int64", 0),
                    F("producer_epoch", "int32", 0),
                    F("last_sequence", "int32", 0, default=-1),
                    F("last_timestamp", "int64", 0, default=-1),
                    F("coordinator_epoch", "int32", 0),
                    F("current_txn_start_offset", "int64", 0, default=-1),
                )),
            )),
        )),
    )),
    (64, "request"): lambda: Message("UnregisterBrokerRequest", 0, 0, 0, (
        F("broker_id", "int32", 0),
    )),
    (64, "response"): lambda: Message("UnregisterBrokerResponse", 0, 0, 0, (
        F("throttle_time_ms", "int32", 0),
        F("error_code", "int16", 0),
        F("error_message", "string", 0, null_since=0),
    )),
    (65, "request"): lambda: Message("DescribeTransactionsRequest", 0, 0, 0, (
        F("transactional_ids", "string", 0, array=True),
    )),
    (65, "response"): lambda: Message("DescribeTransactionsResponse", 0, 0, 0, (
        F("throttle_time_ms", "int32", 0),
        F("transaction_states", "struct", 0, array=True, fields=(
            F("error_code", "int16", 0),
            F("transactional_id", "string", 0),
            F("transaction_state", "string", 0),
            F("transaction_timeout_ms", "int32", 0),
            F("transaction_start_time_ms", "int64", 0),
            F("producer_id", "int64", 0),
            F("producer_epoch", "int16", 0),
            F("topics", "struct", 0, array=True, fields=(
                F("topic", "string", 0),
                F("partitions", "int32", 0, array=True),
            )),
        )),
    )),
    (66, "request"): lambda: Message("ListTransactionsRequest", 0, 2, 0, (
        F("state_filters", "string", 0, array=True),
        F("producer_id_filters", "int64", 0, array=True),
        F("duration_filter", "int64", 1, default=-1),
        F("transactional_id_pattern", "string", 2, null_since=2, default=None),
    )),
    (66, "response"): lambda: Message("ListTransactionsResponse", 0, 2, 0, (
        F("throttle_time_ms", "int32", 0),
        F("error_code", "int16", 0),
        F("unknown_state_filters", "string", 0, array=True),
        F("transaction_states", "struct", 0, array=True, fields=(
            F("transactional_id", "string", 0),
            F("producer_id", "int64", 0),
            F("transaction_state", "string", 0),
        )),
    )),
    (68, "request"): lambda: Message("ConsumerGroupHeartbeatRequest", 0, 1, 0, (
        F("group_id", "string", 0),
        F("member_id", "string", 0),
        F("member_epoch", "int32", 0),
        F("instance_id", "string", 0, null_since=0, default=None),
        F("rack_id", "string", 0, null_since=0, default=None),
        F("rebalance_timeout_ms", "int32", 0, default=-1),
        F("subscribed_topic_names", "string", 0, null_since=0, default=None, array=True),
        F("subscribed_topic_regex", "string", 1, null_since=1, default=None),
        F("server_assignor", "string", 0, null_since=0, default=None),
        F("topic_partitions", "struct", 0, null_since=0, array=True, fields=(
            F("topic_id", "uuid", 0),
            F("partitions", "int32", 0, array=True),
        )),
    )),
    (68, "response"): lambda: Message("ConsumerGroupHeartbeatResponse", 0, 1, 0, (
        F("throttle_time_ms", "int32", 0),
        F("error_code", "int16", 0),
        F("error_message", "string", 0, null_since=0, default=None),
        F("member_id", "string", 0, null_since=0, default=None),
        F("member_epoch", "int32", 0),
        F("heartbeat_interval_ms", "int32", 0),
        F("assignment", "struct", 0, null_since=0, default=None, fields=(
            F("topic_partitions", "struct", 0, array=True, fields=(
                F("topic_id", "uuid", 0),
                F("partitions", "int32", 0, array=True),
            )),
        )),
    )),
    (69, "request"): lambda: Message("ConsumerGroupDescribeRequest", 0, 1, 0, (
        F("group_ids", "string", 0, array=True),
        F("include_authorized_operations", "bool", 0),
    )),
    (69, "response"): lambda: Message("ConsumerGroupDescribeResponse", 0, 1, 0, (
        F("throttle_time_ms", "int32", 0),
        F("groups", "struct", 0, array=True, fields=(
            F("error_code", "int16", 0),
            F("error_message", "string", 0, null_since=0, default=None),
            F("group_id", "string", 0),
            F("group_state", "string", 0),
            F("group_epoch", "int32", 0),
            F("assignment_epoch", "int32", 0),
            F("assignor_name", "string", 0),
            F("members", "struct", 0, array=True, fields=(
                F("member_id", "string", 0),
                F("instance_id", "string", 0, null_since=0, default=None),
                F("rack_id", "string", 0, null_since=0, default=None),
                F("member_epoch", "int32", 0),
                F("client_id", "string", 0),
                F("client_host", "string", 0),
                F("subscribed_topic_names", "string", 0, array=True),
                F("subscribed_topic_regex", "string", 0, null_since=0, default=None),
                F("assignment", "struct", 0, fields=(
                    F("topic_partitions", "struct", 0, array=True, fields=(
                        F("topic_id", "uuid", 0),
                        F("topic_name", "string", 0),
                        F("partitions", "int32", 0, array=True),
                    )),
                )),
                F("target_assignment", "struct", 0, fields=(
                    F("topic_partitions", "struct", 0, array=True, fields=(
                        F("topic_id", "uuid", 0),
                        F("topic_name", "string", 0),
                        F("partitions", "int32", 0, array=True),
                    )),
                )),
                F("member_type", "int8", 1, default=-1),
            )),
            F("authorized_operations", "int32", 0, default=-2147483648),
        )),
    )),
    (71, "request"): lambda: Message("GetTelemetrySubscriptionsRequest", 0, 0, 0, (
        F("client_instance_id", "uuid", 0),
    )),
    (71, "response"): lambda: Message("GetTelemetrySubscriptionsResponse", 0, 0, 0, (
        F("throttle_time_ms", "int32", 0),
        F("error_code", "int16", 0),
        F("client_instance_id", "uuid", 0),
        F("subscription_id", "int32", 0),
        F("accepted_compression_types", "int8", 0, array=True),
        F("push_interval_ms", "int32", 0),
        F("telemetry_max_bytes", "int32", 0),
        F("delta_temporality", "bool", 0),
        F("requested_metrics", "string", 0, array=True),
    )),
    (72, "request"): lambda: Message("PushTelemetryRequest", 0, 0, 0, (
        F("client_instance_id", "uuid", 0),
        F("subscription_id", "int32", 0),
        F("terminating", "bool", 0),
        F("compression_type", "int8", 0),
        F("metrics", "bytes", 0),
    )),
    (72, "response"): lambda: Message("PushTelemetryResponse", 0, 0, 0, (
        F("throttle_time_ms", "int32", 0),
        F("error_code", "int16", 0),
    )),
    (74, "request"): lambda: Message("ListConfigResourcesRequest", 0, 1, 0, (
        F("resource_types", "int8", 1, array=True),
    )),
    (74, "response"): lambda: Message("ListConfigResourcesResponse", 0, 1, 0, (
        F("throttle_time_ms", "int32", 0),
        F("error_code", "int16", 0),
        F("config_resources", "struct", 0, array=True, fields=(
            F("resource_name", "string", 0),
            F("resource_type", "int8", 1, default=16),
        )),
    )),
    (75, "request"): lambda: Message("DescribeTopicPartitionsRequest", 0, 0, 0, (
        F("topics", "struct", 0, array=True, fields=(
            F("name", "string", 0),
        )),
        F("response_partition_limit", "int32", 0, default=2000),
        F("cursor", "struct", 0, null_since=0, default=None, fields=(
            F("topic_name", "string", 0),
            F("partition_index", "int32", 0),
        )),
    )),
    (75, "response"): lambda: Message("DescribeTopicPartitionsResponse", 0, 0, 0, (
        F("throttle_time_ms", "int32", 0),
        F("topics", "struct", 0, array=True, fields=(
            F("error_code", "int16", 0),
            F("name", "string", 0, null_since=0),
            F("topic_id", "uuid", 0),
            F("is_internal", "bool", 0),
            F("partitions", "struct", 0, array=True, fields=(
                F("error_code", "int16", 0),
                F("partition_index", "int32", 0),
                F("leader_id", "int32", 0),
                F("leader_epoch", "int32", 0, default=-1),
                F("replica_nodes", "int32", 0, array=True),
                F("isr_nodes", "int32", 0, array=True),
                F("eligible_leader_replicas", "int32", 0, null_since=0, default=None, array=True),
                F("last_known_elr", "int32", 0, null_since=0, default=None, array=True),
                F("offline_replicas", "int32", 0, array=True),
            )),
            F("topic_authorized_operations", "int32", 0, default=-2147483648),
        )),
        F("next_cursor", "struct", 0, null_since=0, default=None, fields=(
            F("topic_name", "string", 0),
            F("partition_index", "int32", 0),
        )),
    )),
    (76, "request"): lambda: Message("ShareGroupHeartbeatRequest", 1, 1, 1, (
        F("group_id", "string", 1),
        F("member_id", "string", 1),
        F("member_epoch", "int32", 1),
        F("rack_id", "string", 1, null_since=1, default=None),
        F("subscribed_topic_names", "string", 1, null_since=1, default=None, array=True),
    )),
    (76, "response"): lambda: Message("ShareGroupHeartbeatResponse", 1, 1, 1, (
        F("throttle_time_ms", "int32", 1),
        F("error_code", "int16", 1),
        F("error_message", "string", 1, null_since=1, default=None),
        F("member_id", "string", 1, null_since=1, default=None),
        F("member_epoch", "int32", 1),
        F("heartbeat_interval_ms", "int32", 1),
        F("assignment", "struct", 1, null_since=1, default=None, fields=(
            F("topic_partitions", "struct", 1, array=True, fields=(
                F("topic_id", "uuid", 1),
                F("partitions", "int32", 1, array=True),
            )),
        )),
    )),
    (77, "request"): lambda: Message("ShareGroupDescribeRequest", 1, 1, 1, (
        F("group_ids", "string", 1, array=True),
        F("include_authorized_operations", "bool", 1),
    )),
    (77, "response"): lambda: Message("ShareGroupDescribeResponse", 1, 1, 1, (
        F("throttle_time_ms", "int32", 1),
        F("groups", "struct", 1, array=True, fields=(
            F("error_code", "int16", 1),
            F("error_message", "string", 1, null_since=1, default=None),
            F("group_id", "string", 1),
            F("group_state", "string", 1),
            F("group_epoch", "int32", 1),
            F("assignment_epoch", "int32", 1),
            F("assignor_name", "string", 1),
            F("members", "struct", 1, array=True, fields=(
                F("member_id", "string", 1),
                F("rack_id", "string", 1, null_since=1, default=None),
                F("member_epoch", "int32", 1),
                F("client_id", "string", 1),
                F("client_host", "string", 1),
                F("subscribed_topic_names", "string", 1, array=True),
                F("assignment", "struct", 1, fields=(
                    F("topic_partitions", "struct", 1, array=True, fields=(
                        F("topic_id", "uuid", 1),
                        F("topic_name", "string", 1),
                        F("partitions", "int32", 1, array=True),
                    )),
                )),
            )),
            F("authorized_operations", "int32", 1, default=-2147483648),
        )),
    )),
    (78, "request"): lambda: Message("ShareFetchRequest", 1, 2, 1, (
        F("group_id", "string", 1, null_since=1, default=None),
        F("member_id", "string", 1, null_since=1),
        F("share_session_epoch", "int32", 1),
        F("max_wait_ms", "int32", 1),
        F("min_bytes", "int32", 1),
        F("max_bytes", "int32", 1, default=2147483647),
        F("max_records", "int32", 1),
        F("batch_size", "int32", 1),
        F("share_acquire_mode", "int8", 2),
        F("is_renew_ack", "bool", 2),
        F("topics", "struct", 1, array=True, fields=(
            F("topic_id", "uuid", 1),
            F("partitions", "struct", 1, array=True, fields=(
                F("partition_index", "int32", 1),
                F("acknowledgement_batches", "struct", 1, array=True, fields=(
                    F("first_offset", "int64", 1),
                    F("last_offset", "int64", 1),
                    F("acknowledge_types", "int8", 1, array=True),
                )),
            )),
        )),
        F("forgotten_topics_data", "struct", 1, array=True, fields=(
            F("topic_id", "uuid", 1),
            F("partitions", "int32", 1, array=True),
        )),
    )),
    (78, "response"): lambda: Message("ShareFetchResponse", 1, 2, 1, (
        F("throttle_time_ms", "int32", 1),
        F("error_code", "int16", 1),
        F("error_message", "string", 1, null_since=1, default=None),
        F("acquisition_lock_timeout_ms", "int32", 1),
        F("responses", "struct", 1, array=True, fields=(
            F("topic_id", "uuid", 1),
            F("partitions", "struct", 1, array=True, fields=(
                F("partition_index", "int32", 1),
                F("error_code", "int16", 1),
                F("error_message", "string", 1, null_since=1, default=None),
                F("acknowledge_error_code", "int16", 1),
                F("acknowledge_error_message", "string", 1, null_since=1, default=None),
                F("current_leader", "struct", 1, fields=(
                    F("leader_id", "int32", 1),
                    F("leader_epoch", "int32", 1),
                )),
                F("records", "records", 1),
                F("acquired_records", "struct", 1, array=True, fields=(
                    F("first_offset", "int64", 1),
                    F("last_offset", "int64", 1),
                    F("delivery_count", "int16", 1),
                )),
            )),
        )),
        F("node_endpoints", "struct", 1, array=True, fields=(
            F("node_id", "int32", 1),
            F("host", "string", 1),
            F("port", "int32", 1),
            F("rack", "string", 1, null_since=1, default=None),
        )),
    )),
    (79, "request"): lambda: Message("ShareAcknowledgeRequest", 1, 2, 1, (
        F("group_id", "string", 1, null_since=1, default=None),
        F("member_id", "string", 1, null_since=1),
        F("share_session_epoch", "int32", 1),
        F("is_renew_ack", "bool", 2),
        F("topics", "struct", 1, array=True, fields=(
            F("topic_id", "uuid", 1),
            F("partitions", "struct", 1, array=True, fields=(
                F("partition_index", "int32", 1),
                F("acknowledgement_batches", "struct", 1, array=True, fields=(
                    F("first_offset", "int64", 1),
                    F("last_offset", "int64", 1),
                    F("acknowledge_types", "int8", 1, array=True),
                )),
            )),
        )),
    )),
    (79, "response"): lambda: Message("ShareAcknowledgeResponse", 1, 2, 1, (
        F("throttle_time_ms", "int32", 1),
        F("error_code", "int16", 1),
        F("error_message", "string", 1, null_since=1, default=None),
        F("acquisition_lock_timeout_ms", "int32", 2),
        F("responses", "struct", 1, array=True, fields=(
            F("topic_id", "uuid", 1),
            F("partitions", "struct", 1, array=True, fields=(
                F("partition_index", "int32", 1),
                F("error_code", "int16", 1),
                F("error_message", "string", 1, null_since=1, default=None),
                F("current_leader", "struct", 1, fields=(
                    F("leader_id", "int32", 1),
                    F("leader_epoch", "int32", 1),
                )),
            )),
        )),
        F("node_endpoints", "struct", 1, array=True, fields=(
            F("node_id", "int32", 1),
            F("host", "string", 1),
            F("port", "int32", 1),
            F("rack", "string", 1, null_since=1, default=None),
        )),
    )),
    (88, "request"): lambda: Message("StreamsGroupHeartbeatRequest", 0, 0, 0, (
        F("group_id", "string", 0),
        F("member_id", "string", 0),
        F("member_epoch", "int32", 0),
        F("endpoint_information_epoch", "int32", 0),
        F("instance_id", "string", 0, null_since=0, default=None),
        F("rack_id", "string", 0, null_since=0, default=None),
        F("rebalance_timeout_ms", "int32", 0, default=-1),
        F("topology", "struct", 0, null_since=0, default=None, fields=(
            F("epoch", "int32", 0),
            F("subtopologies", "struct", 0, array=True, fields=(
                F("subtopology_id", "string", 0),
                F("source_topics", "string", 0, array=True),
                F("source_topic_regex", "string", 0, array=True),
                F("state_changelog_topics", "struct", 0, array=True, fields=(
                    F("name", "string", 0),
                    F("partitions", "int32", 0),
                    F("replication_factor", "int16", 0),
                    F("topic_configs", "struct", 0, array=True, fields=(
                        F("key", "string", 0),
                        F("value", "string", 0),
                    )),
                )),
                F("repartition_sink_topics", "string", 0, array=True),
                F("repartition_source_topics", "struct", 0, array=True, fields=(
                    F("name", "string", 0),
                    F("partitions", "int32", 0),
                    F("replication_factor", "int16", 0),
                    F("topic_configs", "struct", 0, array=True, fields=(
                        F("key", "string", 0),
                        F("value", "string", 0),
                    )),
                )),
                F("copartition_groups", "struct", 0, array=True, fields=(
                    F("source_topics", "int16", 0, array=True),
                    F("source_topic_regex", "int16", 0, array=True),
                    F("repartition_source_topics", "int16", 0, array=True),
                )),
            )),
        )),
        F("active_tasks", "struct", 0, null_since=0, array=True, fields=(
            F("subtopology_id", "string", 0),
            F("partitions", "int32", 0, array=True),
        )),
        F("standby_tasks", "struct", 0, null_since=0, array=True, fields=(
            F("subtopology_id", "string", 0),
            F("partitions", "int32", 0, array=True),
        )),
        F("warmup_tasks", "struct", 0, null_since=0, array=True, fields=(
            F("subtopology_id", "string", 0),
            F("partitions", "int32", 0, array=True),
        )),
        F("process_id", "string", 0, null_since=0, default=None),
        F("user_endpoint", "struct", 0, null_since=0, default=None, fields=(
            F("host", "string", 0),
            F("port", "uint16", 0),
        )),
        F("client_tags", "struct", 0, null_since=0, array=True, fields=(
            F("key", "string", 0),
            F("value", "string", 0),
        )),
        F("task_offsets", "struct", 0, null_since=0, array=True, fields=(
            F("subtopology_id", "string", 0),
            F("partition", "int32", 0),
            F("offset", "int64", 0),
        )),
        F("task_end_offsets", "struct", 0, null_since=0, array=True, fields=(
            F("subtopology_id", "string", 0),
            F("partition", "int32", 0),
            F("offset", "int64", 0),
        )),
        F("shutdown_application", "bool", 0),
    )),
    (88, "response"): lambda: Message("StreamsGroupHeartbeatResponse", 0, 0, 0, (
        F("throttle_time_ms", "int32", 0),
        F("error_code", "int16", 0),
        F("error_message", "string", 0, null_since=0, default=None),
        F("member_id", "string", 0),
        F("member_epoch", "int32", 0),
        F("heartbeat_interval_ms", "int32", 0),
        F("acceptable_recovery_lag", "int32", 0),
        F("task_offset_interval_ms", "int32", 0),
        F("status", "struct", 0, null_since=0, array=True, fields=(
            F("status_code", "int8", 0),
            F("status_detail", "string", 0),
        )),
        F("active_tasks", "struct", 0, null_since=0, array=True, fields=(
            F("subtopology_id", "string", 0),
            F("partitions", "int32", 0, array=True),
        )),
        F("standby_tasks", "struct", 0, null_since=0, array=True, fields=(
            F("subtopology_id", "string", 0),
            F("partitions", "int32", 0, array=True),
        )),
        F("warmup_tasks", "struct", 0, null_since=0, array=True, fields=(
            F("subtopology_id", "string", 0),
            F("partitions", "int32", 0, array=True),
        )),
        F("endpoint_information_epoch", "int32", 0),
        F("partitions_by_user_endpoint", "struct", 0, null_since=0, array=True, fields=(
            F("user_endpoint", "struct", 0, fields=(
                F("host", "string", 0),
                F("port", "uint16", 0),
            )),
            F("active_partitions", "struct", 0, array=True, fields=(
                F("topic", "string", 0),
                F("partitions", "int32", 0, array=True),
            )),
            F("standby_partitions", "struct", 0, array=True, fields=(
                F("topic", "string", 0),
                F("partitions", "int32", 0, array=True),
            )),
        )),
    )),
    (89, "request"): lambda: Message("StreamsGroupDescribeRequest", 0, 0, 0, (
        F("group_ids", "string", 0, array=True),
        F("include_authorized_operations", "bool", 0),
    )),
    (89, "response"): lambda: Message("StreamsGroupDescribeResponse", 0, 0, 0, (
        F("throttle_time_ms", "int32", 0),
        F("groups", "struct", 0, array=True, fields=(
            F("error_code", "int16", 0),
            F("error_message", "string", 0, null_since=0, default=None),
            F("group_id", "string", 0),
            F("group_state", "string", 0),
            F("group_epoch", "int32", 0),
            F("assignment_epoch", "int32", 0),
            F("topology", "struct", 0, null_since=0, default=None, fields=(
                F("epoch", "int32", 0),
                F("subtopologies", "struct", 0, null_since=0, array=True, fields=(
                    F("subtopology_id", "string", 0),
                    F("source_topics", "string", 0, array=True),
                    F("repartition_sink_topics", "string", 0, array=True),
                    F("state_changelog_topics", "struct", 0, array=True, fields=(
                        F("name", "string", 0),
                        F("partitions", "int32", 0),
                        F("replication_factor", "int16", 0),
                        F("topic_configs", "struct", 0, array=True, fields=(
                            F("key", "string", 0),
                            F("value", "string", 0),
                        )),
                    )),
                    F("repartition_source_topics", "struct", 0, array=True, fields=(
                        F("name", "string", 0),
                        F("partitions", "int32", 0),
                        F("replication_factor", "int16", 0),
                        F("topic_configs", "struct", 0, array=True, fields=(
                            F("key", "string", 0),
                            F("value", "string", 0),
                        )),
                    )),
                )),
            )),
            F("members", "struct", 0, array=True, fields=(
                F("member_id", "string", 0),
                F("member_epoch", "int32", 0),
                F("instance_id", "string", 0, null_since=0, default=None),
                F("rack_id", "string", 0, null_since=0, default=None),
                F("client_id", "string", 0),
                F("client_host", "string", 0),
                F("topology_epoch", "int32", 0),
                F("process_id", "string", 0),
                F("user_endpoint", "struct", 0, null_since=0, default=None, fields=(
                    F("host", "string", 0),
                    F("port", "uint16", 0),
                )),
                F("client_tags", "struct", 0, array=True, fields=(
                    F("key", "string", 0),
                    F("value", "string", 0),
                )),
                F("task_offsets", "struct", 0, array=True, fields=(
                    F("subtopology_id", "string", 0),
                    F("partition", "int32", 0),
                    F("offset", "int64", 0),
                )),
                F("task_end_offsets", "struct", 0, array=True, fields=(
                    F("subtopology_id", "string", 0),
                    F("partition", "int32", 0),
                    F("offset", "int64", 0),
                )),
                F("assignment", "struct", 0, fields=(
                    F("active_tasks", "struct", 0, array=True, fields=(
                        F("subtopology_id", "string", 0),
                        F("partitions", "int32", 0, array=True),
                    )),
                    F("standby_tasks", "struct", 0, array=True, fields=(
                        F("subtopology_id", "string", 0),
                        F("partitions", "int32", 0, array=True),
                    )),
                    F("warmup_tasks", "struct", 0, array=True, fields=(
                        F("subtopology_id", "string", 0),
                        F("partitions", "int32", 0, array=True),
                    )),
                )),
                F("target_assignment", "struct", 0, fields=(
                    F("active_tasks", "struct", 0, array=True, fields=(
                        F("subtopology_id", "string", 0),
                        F("partitions", "int32", 0, array=True),
                    )),
                    F("standby_tasks", "struct", 0, array=True, fields=(
                        F("subtopology_id", "string", 0),
                        F("partitions", "int32", 0, array=True),
                    )),
                    F("warmup_tasks", "struct", 0, array=True, fields=(
                        F("subtopology_id", "string", 0),
                        F("partitions", "int32", 0, array=True),
                    )),
                )),
                F("is_classic", "bool", 0),
            )),
            F("authorized_operations", "int32", 0, default=-2147483648),
        )),
    )),
    (90, "request"): lambda: Message("DescribeShareGroupOffsetsRequest", 0, 1, 0, (
        F("groups", "struct", 0, array=True, fields=(
            F("group_id", "string", 0),
            F("topics", "struct", 0, null_since=0, array=True, fields=(
                F("topic_name", "string", 0),
                F("partitions", "int32", 0, array=True),
            )),
        )),
    )),
    (90, "response"): lambda: Message("DescribeShareGroupOffsetsResponse", 0, 1, 0, (
        F("throttle_time_ms", "int32", 0),
        F("groups", "struct", 0, array=True, fields=(
            F("group_id", "string", 0),
            F("topics", "struct", 0, array=True, fields=(
                F("topic_name", "string", 0),
                F("topic_id", "uuid", 0),
                F("partitions", "struct", 0, array=True, fields=(
                    F("partition_index", "int32", 0),
                    F("start_offset", "int64", 0),
                    F("leader_epoch", "int32", 0),
                    F("lag", "int64", 1, default=-1),
                    F("error_code", "int16", 0),
                    F("error_message", "string", 0, null_since=0, default=None),
                )),
            )),
            F("error_code", "int16", 0),
            F("error_message", "string", 0, null_since=0, default=None),
        )),
    )),
    (91, "request"): lambda: Message("AlterShareGroupOffsetsRequest", 0, 0, 0, (
        F("group_id", "string", 0),
        F("topics", "struct", 0, array=True, fields=(
            F("topic_name", "string", 0),
            F("partitions", "struct", 0, array=True, fields=(
                F("partition_index", "int32", 0),
                F("start_offset", "int64", 0),
            )),
        )),
    )),
    (91, "response"): lambda: Message("AlterShareGroupOffsetsResponse", 0, 0, 0, (
        F("throttle_time_ms", "int32", 0),
        F("error_code", "int16", 0),
        F("error_message", "string", 0, null_since=0, default=None),
        F("responses", "struct", 0, array=True, fields=(
            F("topic_name", "string", 0),
            F("topic_id", "uuid", 0),
            F("partitions", "struct", 0, array=True, fields=(
                F("partition_index", "int32", 0),
                F("error_code", "int16", 0),
                F("error_message", "string", 0, null_since=0, default=None),
            )),
        )),
    )),
    (92, "request"): lambda: Message("DeleteShareGroupOffsetsRequest", 0, 0, 0, (
        F("group_id", "string", 0),
        F("topics", "struct", 0, array=True, fields=(
            F("topic_name", "string", 0),
        )),
    )),
    (92, "response"): lambda: Message("DeleteShareGroupOffsetsResponse", 0, 0, 0, (
        F("throttle_time_ms", "int32", 0),
        F("error_code", "int16", 0),
        F("error_message", "string", 0, null_since=0, default=None),
        F("responses", "struct", 0, array=True, fields=(
            F("topic_name", "string", 0),
            F("topic_id", "uuid", 0),
            F("error_code", "int16", 0),
            F("error_message", "string", 0, null_since=0, default=None),
        )),
    )),
}
"""Every message that a client may send or get, by API key and direction; built when first asked for."""

CONSUMER_PROTOCOL_SUBSCRIPTION: Final[Callable[[], Message]] = lambda: Message("ConsumerProtocolSubscription", 0, 3, 32767, (
    F("topics", "string", 0, array=True),
    F("user_data", "bytes", 0, null_since=0, default=None),
    F("owned_partitions", "struct", 1, array=True, fields=(
        F("topic", "string", 1),
        F("partitions", "int32", 1, array=True),
    )),
    F("generation_id", "int32", 2, default=-1),
    F("rack_id", "string", 3, null_since=3, default=None),
))

CONSUMER_PROTOCOL_ASSIGNMENT: Final[Callable[[], Message]] = lambda: Message("ConsumerProtocolAssignment", 0, 3, 32767, (
    F("assigned_partitions", "struct", 0, array=True, fields=(
        F("topic", "string", 0),
        F("partitions", "int32", 0, array=True),
    )),
    F("user_data", "bytes", 0, null_since=0, default=None),
))
