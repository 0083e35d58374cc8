"""What ``skylog topic`` asks a broker, as values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from skylog.cli.client import Body, Client
from skylog.errors import Conflict, InvalidRequest, NotFound, SkylogError, Unavailable
from skylog.model import EARLIEST, LATEST, format_topic_id
from skylog.wire.codes import ErrorCode

LIST_OFFSETS, METADATA, CREATE_TOPICS, DELETE_TOPICS, DESCRIBE_CONFIGS = 2, 3, 19, 20, 32

_TIMEOUT_MS = 30_000
_RESOURCE_TOPIC = 2
_SOURCE_TOPIC = 1
_KINDS: dict[int, type[SkylogError]] = {
    ErrorCode.UNKNOWN_TOPIC_OR_PARTITION: NotFound,
    ErrorCode.UNKNOWN_TOPIC_ID: NotFound,
    ErrorCode.TOPIC_ALREADY_EXISTS: Conflict,
    ErrorCode.REQUEST_TIMED_OUT: Unavailable,
}


@dataclass(frozen=True, slots=True)
class PartitionSummary:
    """A partition as a broker shows it. Offsets from `start_offset` to before `end_offset` can be read."""

    partition: int
    leader: str
    start_offset: int
    end_offset: int


@dataclass(frozen=True, slots=True)
class TopicSummary:
    """A topic as a broker lists it."""

    name: str
    topic_id: str
    partitions: int
    internal: bool


def list_topics(client: Client) -> list[TopicSummary]:
    """Return all topics by name: 1 request."""
    answer = client.request(METADATA, {"topics": None, "allow_auto_topic_creation": False})
    return sorted(
        (
            TopicSummary(
                topic["name"],
                format_topic_id(topic["topic_id"]),
                len(topic["partitions"]),
                topic["is_internal"],
            )
            for topic in answer["topics"]
        ),
        key=lambda topic: topic.name,
    )


def create_topics(
    client: Client, names: Sequence[str], partitions: int, configs: Mapping[str, str]
) -> list[Body]:
    """Create topics; return what the broker says of each. Raises on the first that failed."""
    settings = [{"name": name, "value": value} for name, value in configs.items()]
    wish = {"num_partitions": partitions, "replication_factor": -1, "assignments": [], "configs": settings}
    topics = [{"name": name, **wish} for name in names]
    answer = client.request(CREATE_TOPICS, {"topics": topics, "timeout_ms": _TIMEOUT_MS})
    return _all_good(answer["topics"], "create topic")


def delete_topics(client: Client, names: Sequence[str]) -> None:
    """Delete topics by name. Raises on the first that failed."""
    # Version 6 names topics one way, the versions before it another; the codec sends what the version has.
    body = {
        "topics": [{"name": name, "topic_id": bytes(16)} for name in names],
        "topic_names": list(names),
        "timeout_ms": _TIMEOUT_MS,
    }
    _all_good(client.request(DELETE_TOPICS, body)["responses"], "delete topic")


def describe_topic(client: Client, name: str) -> tuple[TopicSummary, list[PartitionSummary]]:
    """Return a topic and its partitions with their bounds: 3 requests. Raises `NotFound`."""
    answer = client.request(METADATA, {"topics": [{"name": name}], "allow_auto_topic_creation": False})
    [topic] = _all_good(answer["topics"], "describe topic")
    leaders = {
        node["node_id"]: f"{node['node_id']} ({node['host']}:{node['port']})" for node in answer["brokers"]
    }
    numbers = sorted(partition["partition_index"] for partition in topic["partitions"])
    starts, ends = _offsets(client, name, numbers, EARLIEST), _offsets(client, name, numbers, LATEST)
    led = {partition["partition_index"]: partition["leader_id"] for partition in topic["partitions"]}
    summary = TopicSummary(name, format_topic_id(topic["topic_id"]), len(numbers), topic["is_internal"])
    return summary, [
        PartitionSummary(number, leaders.get(led[number], "none"), starts[number], ends[number])
        for number in numbers
    ]


def topic_configs(client: Client, name: str) -> dict[str, str]:
    """Return what was set on a topic itself: 1 request."""
    resource = {"resource_type": _RESOURCE_TOPIC, "resource_name": name, "configuration_keys": None}
    answer = client.request(DESCRIBE_CONFIGS, {"resources": [resource]})
    [result] = answer["results"]
    _raise_for(result, f"describe configs of {name}")
    configs = (config for config in result["configs"] if config["config_source"] == _SOURCE_TOPIC)
    return {config["name"]: config["value"] for config in configs}


def _offsets(client: Client, name: str, numbers: Sequence[int], timestamp: int) -> dict[int, int]:
    partitions = [{"partition_index": number, "timestamp": timestamp} for number in numbers]
    topics = [{"name": name, "partitions": partitions}]
    answer = client.request(LIST_OFFSETS, {"replica_id": -1, "isolation_level": 0, "topics": topics})
    found = {}
    for partition in answer["topics"][0]["partitions"]:
        _raise_for(partition, f"list offsets of {name} {partition['partition_index']}")
        found[partition["partition_index"]] = partition["offset"]
    return found


def _all_good(answers: list[Body], what: str) -> list[Body]:
    for answer in answers:
        _raise_for(answer, f"{what} {answer['name']}")
    return answers


def _raise_for(answer: Body, what: str) -> None:
    code = answer["error_code"]
    if code == ErrorCode.NONE:
        return
    name = ErrorCode(code).name if code in ErrorCode._value2member_map_ else f"error {code}"
    detail = answer.get("error_message")
    raise _KINDS.get(code, InvalidRequest)(f"{what}: {name}" + (f": {detail}" if detail else ""))
