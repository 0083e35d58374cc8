"""DescribeCluster, FindCoordinator and InitProducerId as clients see them."""

from typing import Any

import pytest

from catalog.conftest import NewRoom
from catalog.room import DESCRIBE_CLUSTER, FIND_COORDINATOR, INIT_PRODUCER_ID, Room
from skylog.catalog.producers import BLOCK_SIZE
from skylog.wire.codes import ErrorCode

GROUP, TRANSACTION, SHARE = range(3)
HERE = {"node_id": 1, "host": "localhost", "port": 9092}
NOWHERE = {"node_id": -1, "host": "", "port": -1}


@pytest.mark.parametrize("version", range(3))
async def test_the_cluster_in_every_version(room: Room, version: int) -> None:
    answer = await room.ask(DESCRIBE_CLUSTER, version)
    (broker,) = answer["brokers"]
    assert broker == {"broker_id": 1, "host": "localhost", "port": 9092, "rack": "a", "is_fenced": False}
    assert (answer["cluster_id"], answer["controller_id"]) == ("AAAAAAAAAAAAAAAAAAAAAA", 1)
    assert (answer["error_code"], answer["error_message"], answer["endpoint_type"]) == (0, None, 1)
    assert answer["cluster_authorized_operations"] == -(2**31)
    asked = await room.ask(DESCRIBE_CLUSTER, version, include_cluster_authorized_operations=True)
    assert asked["cluster_authorized_operations"] == 8096


@pytest.mark.parametrize(
    ("endpoint_type", "expected"),
    [(2, ErrorCode.MISMATCHED_ENDPOINT_TYPE), (0, ErrorCode.UNSUPPORTED_ENDPOINT_TYPE)],
)
async def test_there_are_no_controllers(room: Room, endpoint_type: int, expected: ErrorCode) -> None:
    answer = await room.ask(DESCRIBE_CLUSTER, 2, endpoint_type=endpoint_type)
    assert answer["error_code"] == expected
    assert answer["brokers"] == []


async def find(room: Room, version: int, key_type: int, *keys: str) -> list[dict[str, Any]]:
    """Ask for each key alone where the version knows no more than one."""
    if version >= 4:
        answer = await room.ask(FIND_COORDINATOR, version, key_type=key_type, coordinator_keys=list(keys))
        assert [each.pop("key") for each in answer["coordinators"]] == list(keys)
        return list(answer["coordinators"])
    kind = {"key_type": key_type} if version >= 1 else {}
    fields = ("error_code", "error_message", "node_id", "host", "port")
    answers = [await room.ask(FIND_COORDINATOR, version, key=key, **kind) for key in keys]
    return [{field: answer[field] for field in fields} for answer in answers]


@pytest.mark.parametrize("version", range(7))
async def test_groups_are_coordinated_here(room: Room, version: int) -> None:
    found = await find(room, version, GROUP, "g", "h")
    assert [each["error_code"] for each in found] == [0, 0]
    assert {field: found[0][field] for field in HERE} == {field: found[1][field] for field in HERE} == HERE


@pytest.mark.parametrize("version", range(1, 7))
@pytest.mark.parametrize(
    ("key_type", "expected"),
    [
        (TRANSACTION, ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED),
        (SHARE, ErrorCode.INVALID_REQUEST),
        (-1, ErrorCode.INVALID_REQUEST),
    ],
)
async def test_nobody_coordinates_anything_else(
    room: Room, version: int, key_type: int, expected: ErrorCode
) -> None:
    (found,) = await find(room, version, key_type, "k")
    assert found.pop("error_message")
    assert found == {"error_code": expected, **NOWHERE}


@pytest.mark.parametrize("version", range(6))
async def test_every_producer_gets_an_identity_of_its_own(room: Room, version: int) -> None:
    answers = [
        await room.ask(INIT_PRODUCER_ID, version, transactional_id=None, transaction_timeout_ms=1)
        for _ in range(3)
    ]
    assert {(each["error_code"], each["producer_epoch"]) for each in answers} == {(0, 0)}
    assert len({each["producer_id"] for each in answers}) == 3


async def test_an_old_identity_is_replaced(room: Room) -> None:
    first = await room.ask(INIT_PRODUCER_ID, 5, transactional_id=None, transaction_timeout_ms=1)
    second = await room.ask(
        INIT_PRODUCER_ID,
        5,
        transactional_id=None,
        transaction_timeout_ms=1,
        producer_id=first["producer_id"],
        producer_epoch=0,
    )
    assert second["error_code"] == second["producer_epoch"] == 0
    assert second["producer_id"] != first["producer_id"]


@pytest.mark.parametrize("given", [{"producer_id": 7}, {"producer_epoch": 0}])
async def test_an_identity_without_its_epoch_is_none(room: Room, given: dict[str, int]) -> None:
    answer = await room.ask(INIT_PRODUCER_ID, 3, transactional_id=None, transaction_timeout_ms=1, **given)
    assert answer["error_code"] == ErrorCode.INVALID_REQUEST
    assert (answer["producer_id"], answer["producer_epoch"]) == (-1, -1)


async def test_identities_come_in_blocks_that_brokers_do_not_share(room: Room, new_room: NewRoom) -> None:
    other = await new_room()
    seen = set()
    for _ in range(BLOCK_SIZE + 1):
        for each in (room, other):
            answer = await each.ask(INIT_PRODUCER_ID, 5, transactional_id=None, transaction_timeout_ms=1)
            seen.add(answer["producer_id"])
    assert len(seen) == 2 * (BLOCK_SIZE + 1)
    assert room.faults.calls.count("allocate_producer_ids") == 2


@pytest.mark.parametrize(
    ("transactional_id", "expected"),
    [("t", ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED), ("", ErrorCode.INVALID_REQUEST)],
)
async def test_transactions_are_refused_for_good(
    room: Room, transactional_id: str, expected: ErrorCode
) -> None:
    answer = await room.ask(INIT_PRODUCER_ID, 5, transactional_id=transactional_id, transaction_timeout_ms=1)
    assert ErrorCode(answer["error_code"]) is expected
    assert not expected.retriable
    assert (answer["producer_id"], answer["producer_epoch"]) == (-1, -1)


async def test_an_unreachable_coordinator_is_asked_again(room: Room) -> None:
    room.faults.lost_requests = {"allocate_producer_ids"}
    answer = await room.ask(INIT_PRODUCER_ID, 5, transactional_id=None, transaction_timeout_ms=1)
    assert answer["error_code"] == ErrorCode.COORDINATOR_LOAD_IN_PROGRESS
    room.faults.lost_requests.clear()
    again = await room.ask(INIT_PRODUCER_ID, 5, transactional_id=None, transaction_timeout_ms=1)
    assert again["error_code"] == 0
