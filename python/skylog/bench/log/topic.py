"""The topic of a bench: its own, created before and deleted after."""

from __future__ import annotations

import asyncio
from typing import Final

from skylog.bulk import Cluster
from skylog.bulk.codes import error_name, known_code
from skylog.errors import SkylogError
from skylog.wire.codes import ErrorCode, KafkaError

CREATE_TOPICS: Final = 19
DELETE_TOPICS: Final = 20

DELETE_S_MAX: Final = 30.0

_TIMEOUT_MS: Final = 20_000


async def create_topic(cluster: Cluster, name: str, partitions: int) -> None:
    """Create a topic with the cluster's own settings. Raises `KafkaError`, `Unavailable`."""
    wish = {"num_partitions": partitions, "replication_factor": -1, "assignments": [], "configs": []}
    body = {"topics": [{"name": name, **wish}], "timeout_ms": _TIMEOUT_MS}
    _require(await cluster.ask_any(CREATE_TOPICS, body), "topics", f"create topic {name}")


async def delete_topic(cluster: Cluster, name: str, bootstrap: str, seconds_max: float = DELETE_S_MAX) -> str:
    """Delete a topic; return what is to be done if that fails, empty if it did not."""
    body = {
        "topics": [{"name": name, "topic_id": bytes(16)}],
        "topic_names": [name],
        "timeout_ms": _TIMEOUT_MS,
    }
    try:
        async with asyncio.timeout(seconds_max):
            answer = await cluster.ask_any(DELETE_TOPICS, body)
        _require(answer, "responses", f"delete topic {name}")
    except TimeoutError:
        trouble = f"no answer within {seconds_max:g} s"
    except asyncio.CancelledError:
        trouble = "interrupted"
    except KafkaError as error:
        if error.code == ErrorCode.UNKNOWN_TOPIC_OR_PARTITION:
            return ""
        trouble = str(error)
    except SkylogError as error:
        trouble = str(error)
    else:
        return ""
    return (
        f"topic {name} was not deleted: {trouble}; try `skylog topic delete {name} --bootstrap {bootstrap}`"
    )


def _require(answer: dict[str, object], field: str, what: str) -> None:
    for each in answer[field]:  # type: ignore[attr-defined]
        code = each["error_code"]
        if code:
            detail = each.get("error_message")
            raise KafkaError(
                known_code(code), f"{what}: {error_name(code)}" + (f": {detail}" if detail else "")
            )
