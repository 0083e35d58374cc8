"""Whatever the store and the network before it do: nothing acknowledged is lost, nothing corrupt is served,
order is kept, and all goes on without a restart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pytest

from clients.faulty.place import PARTITIONS, UNCACHED, Place, Trial
from clients.served import ServedBroker
from clients.topics import create_topic
from faults import Fault, FaultProxy, Rule
from skylog import bulk
from stores.seaweed import SeaweedFS

READS = ("get", "get_range")
RATE = 0.3
DOWNLOADS = (
    Fault.RESET_DOWNLOAD,
    Fault.TRUNCATE,
    Fault.CUT_SHORT,
    Fault.FLIP_DOWNLOAD,
    Fault.NOT_FOUND,
)


@pytest.fixture(scope="module", params=["obstore", pytest.param("boto3", marks=pytest.mark.soak)])
def shared(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    seaweedfs: SeaweedFS,
    proxy: FaultProxy,
) -> Iterator[tuple[Place, ServedBroker]]:
    """One broker for all of these: each fault meets what the one before it has left."""
    place = Place(Path(tmp_path_factory.mktemp("faults")), seaweedfs, proxy)
    yield place, place.serve(UNCACHED, client=request.param)
    place.close()


def _rules(*faults: Fault, kinds: tuple[str, ...] = (), rate: float = RATE) -> list[Rule]:
    return [Rule(fault=fault, kinds=kinds, probability=rate / len(faults), late_s=0.2) for fault in faults]


@pytest.mark.parametrize(
    "rules",
    [
        pytest.param(
            _rules(Fault.SLOW_DOWN, Fault.INTERNAL_ERROR, Fault.TIME_SKEWED, Fault.SHIFT_DATE), id="refusals"
        ),
        pytest.param(
            [
                *_rules(Fault.RESET_BEFORE, Fault.LOST_ANSWER, rate=RATE * 2 / 3),
                *_rules(Fault.RESET_UPLOAD, kinds=("put",), rate=RATE / 3),
            ],
            id="resets",
        ),
        pytest.param(_rules(Fault.HANG, Fault.HANG_ANSWER, Fault.LAND_LATE), id="silence"),
        pytest.param(_rules(*DOWNLOADS, kinds=READS), id="downloads"),
    ],
)
def test_three_requests_in_ten_go_wrong(shared: tuple[Place, ServedBroker], rules: Sequence[Rule]) -> None:
    Trial(*shared).run(*rules, faults=3)


@pytest.mark.soak
@pytest.mark.parametrize("fault", [fault for fault in Fault if fault is not Fault.FLIP_UPLOAD])
def test_three_requests_in_ten_go_wrong_in_the_same_way(
    shared: tuple[Place, ServedBroker], fault: Fault
) -> None:
    kinds = {Fault.RESET_UPLOAD: ("put",)} | dict.fromkeys(DOWNLOADS, READS)
    Trial(*shared).run(*_rules(fault, kinds=kinds.get(fault, ())), faults=40)


def test_objects_are_not_there_yet_right_after_their_put(shared: tuple[Place, ServedBroker]) -> None:
    Trial(*shared).run(Rule(fault=Fault.NOT_FOUND, kinds=READS, first_of_key=2), faults=20)


def test_storms_of_slow_down(shared: tuple[Place, ServedBroker]) -> None:
    """Longer than any request is tried: producers and consumers come back by themselves."""
    Trial(*shared).run(Rule(fault=Fault.SLOW_DOWN, probability=0.05, run=20), faults=20)


def test_bulk_work_through_everything_at_once(shared: tuple[Place, ServedBroker]) -> None:
    place, broker = shared
    count = 5_000
    place.proxy.use(
        *_rules(Fault.SLOW_DOWN, Fault.INTERNAL_ERROR, Fault.LOST_ANSWER, Fault.RESET_BEFORE, rate=0.15),
        *_rules(Fault.RESET_UPLOAD, kinds=("put",), rate=0.1),
        *_rules(*DOWNLOADS, kinds=READS, rate=0.15),
        *_rules(Fault.HANG_ANSWER, rate=0.02),
    )
    since = len(place.proxy.ledger)
    topic = create_topic(broker.bootstrap, "bulk", partitions=PARTITIONS)
    tables = (_table(start, min(start + 100, count)) for start in range(0, count, 100))
    produced = bulk.produce(
        broker.bootstrap, topic, tables, key=None, partition="place", max_batch_bytes=1000, request_bytes=2000
    )
    fetched = bulk.fetch(broker.bootstrap, topic)
    place.proxy.use()
    assert sum(place.proxy.ledger.faults(since).values()) >= 5
    assert produced.records == count
    for partition in range(PARTITIONS):
        rows = fetched.filter(pa.compute.equal(fetched.column("partition"), partition))
        assert rows.column("value").to_pylist() == [b"%d" % n for n in range(partition, count, PARTITIONS)]


def _table(start: int, end: int) -> pa.Table:
    numbers = range(start, end)
    place = pa.array([number % PARTITIONS for number in numbers], pa.int32())
    return pa.table({"value": [b"%d" % number for number in numbers], "place": place})
