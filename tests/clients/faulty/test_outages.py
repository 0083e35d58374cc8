"""The store itself goes away for a while."""

from __future__ import annotations

from clients.faulty.place import Place, Trial
from clients.waiting import monotonic, wait_until
from faults import Fault, Rule

PAUSE_SECONDS = 2.0
DOWN_SECONDS = 0.5


def _pass(seconds: float) -> None:
    began = monotonic()
    wait_until(lambda: monotonic() - began >= seconds, "time to pass", seconds + 20)


def test_producers_go_on_when_a_store_that_stood_still_goes_on(fragile: Place) -> None:
    """What was given up while it stood still may land afterwards."""
    broker = fragile.serve()
    trial = Trial(fragile, broker)
    with trial.producers() as producers:
        producers.go_on(100)
        fragile.server.process.pause()
        _pass(PAUSE_SECONDS)
        stalled = len(producers.acknowledged)
        _pass(PAUSE_SECONDS / 4)
        assert len(producers.acknowledged) == stalled
        fragile.server.process.resume()
        producers.go_on(500)
    trial.check(producers)


def test_producers_go_on_when_a_store_that_was_killed_is_back(fragile: Place) -> None:
    broker = fragile.serve()
    trial = Trial(fragile, broker)
    with trial.producers() as producers:
        producers.go_on(100)
        fragile.server.kill()
        _pass(DOWN_SECONDS)
        fragile.server.restart()
        producers.go_on(500)
    trial.check(producers)
    assert broker.stop() == 0
    fragile.start(broker)
    trial.check(producers)


def test_a_put_that_was_given_up_does_no_harm_if_it_lands_later_nor_if_it_never_does(place: Place) -> None:
    """Its segment was told to be failed, its records were sent again and stand elsewhere."""
    sections = {
        "store_requests": {"attempts_max": 1, "attempt_ms_max": 200},
        "produce": {"put_rate_per_second": 50, "upload_ms_max": 300},
    }
    broker, since = place.serve(sections), len(place.proxy.ledger)
    trial = Trial(place, broker)
    late = Rule(fault=Fault.LAND_LATE, kinds=("put",), probability=0.15, late_s=0.3)
    never = Rule(fault=Fault.INTERNAL_ERROR, kinds=("put",), probability=0.15)
    with trial.producers() as producers:
        producers.go_on(20)
        trial.suffer(producers, late, never, faults=4)
        producers.go_on(20)
    puts = place.proxy.ledger.select("put", since=since)
    landed = {entry.operation.key for entry in puts if entry.fault is not Fault.INTERNAL_ERROR}
    wait_until(lambda: place.keys() == landed, "the late PUTs, and no others")
    assert broker.stop() == 0
    place.start(broker)
    trial.check(producers)
