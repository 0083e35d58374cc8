"""What clients are told to wait, with time in the test's hand."""

from __future__ import annotations

import pytest

from producing import frame, produce_payload
from skylog.config import QuotasConfig
from skylog.wire.codes import ErrorCode, KafkaError

from .stepped import FRAME, Limited

CREATE_TOPICS, DELETE_TOPICS, CREATE_PARTITIONS, METADATA = 19, 20, 37, 3
APP = {"client-id": "app"}


def test_without_limits_nothing_is_counted() -> None:
    limited = Limited()
    assert limited.throttle.account(FRAME) is None
    limited.limit({"ip": None}, connection_creation_rate=1.0)
    assert limited.throttle.account(FRAME) is None, "connections are no requests"
    limited.limit(APP, producer_byte_rate=1.0)
    assert limited.throttle.account(FRAME) is not None


def test_a_producer_waits_for_what_is_over_its_rate_as_in_kafka() -> None:
    limited = Limited()
    limited.limit(APP, producer_byte_rate=1000.0)
    assert limited.produce(500_107) == 490_107
    assert limited.produce(500_107, "other") == 0


def test_clients_of_one_user_share_its_limit_and_clients_of_a_default_do_not() -> None:
    limited = Limited()
    limited.limit({"user": "ANONYMOUS"}, producer_byte_rate=1000.0)
    assert limited.produce(10_000, "a") == 0
    assert limited.produce(1000, "b") == 1000
    limited = Limited()
    limited.limit({"client-id": None}, producer_byte_rate=1000.0)
    assert limited.produce(10_000, "a") == 0
    assert limited.produce(10_000, "b") == 0


def test_a_client_without_an_id_has_the_default_limit() -> None:
    limited = Limited()
    limited.limit({"client-id": None}, producer_byte_rate=1000.0)
    account = limited.throttle.account(FRAME)
    assert account is not None
    assert len(FRAME) < 1000
    assert account.produced() == 0
    assert limited.produce(20_000, "") > 0


def test_a_client_id_of_any_length_is_counted_in_bounded_memory() -> None:
    limited = Limited()
    limited.limit({"client-id": None}, producer_byte_rate=1000.0)
    payload = produce_payload(b"")
    name = b"x" * 32_767
    account = limited.throttle.account(frame(payload[:8] + b"\x7f\xff" + name + payload[10:]))
    assert account is not None
    assert account.produced() > 0, "32 kB are over the limit"
    (scope,) = limited.throttle.rates["producer_byte_rate"]._meters
    assert sum(map(len, scope)) < 1_100  # type: ignore[call-overload]


def test_a_limit_that_is_raised_or_removed_holds_at_once() -> None:
    limited = Limited()
    limited.limit(APP, producer_byte_rate=1000.0)
    assert limited.produce(30_000) == 20_000
    limited.limit(APP, producer_byte_rate=2000.0)
    assert limited.produce(0) == 5000
    limited.limit(APP)
    assert limited.produce(30_000) == 0


def test_no_throttle_is_beyond_what_an_answer_can_say() -> None:
    limited = Limited()
    limited.limit(APP, producer_byte_rate=1.0)
    assert limited.produce(100 << 20) == 2**31 - 1


def test_a_consumer_owes_what_it_took_beyond_its_rate_and_gets_nothing_meanwhile() -> None:
    limited = Limited()
    limited.limit(APP, consumer_byte_rate=1000.0)
    assert limited.fetch(13_000) == 0
    assert limited.fetch(13_000) == 3000
    assert limited.fetch(13_000) == 3000, "what was not given does not count"
    limited.wait(11_000)
    assert limited.fetch(13_000) == 0


def test_an_answer_to_a_fetch_holds_what_is_left_and_a_window_s_worth_at_least() -> None:
    limited = Limited()
    assert limited.account().fetch_bytes_max(50 << 20) == 50 << 20
    limited.limit(APP, consumer_byte_rate=1000.0)
    assert limited.account().fetch_bytes_max(50 << 20) == 10_000
    assert limited.account().fetch_bytes_max(500) == 500
    limited.fetch(8_000)
    assert limited.account().fetch_bytes_max(50 << 20) == 2_000
    limited.fetch(2_000)
    assert limited.account().fetch_bytes_max(50 << 20) == 1_000


@pytest.mark.parametrize("batch", [100, 3_000, 1_000_000])
def test_a_consumer_gets_its_rate_whatever_the_size_of_batches(batch: int) -> None:
    limited = Limited()
    limited.limit(APP, consumer_byte_rate=1000.0)
    taken, start = 0, limited.clock.seconds
    while limited.clock.seconds < start + 20_000:
        size = max(batch, limited.account().fetch_bytes_max(50 << 20) // batch * batch)
        throttle_ms = limited.fetch(size)
        taken += 0 if throttle_ms else size
        limited.wait(throttle_ms or 1)
    assert taken / 20_000 == pytest.approx(1000, rel=0.1)


def test_time_is_counted_in_percent_of_a_thread_and_held_back_for_a_window_at_most() -> None:
    limited = Limited()
    limited.limit(APP, request_percentage=10.0)
    account = limited.account()
    with account.watch:
        limited.wait(1000)
    assert account.answered() == 0, "10 % of the last 10 seconds"
    account = limited.account()
    with account.watch:
        limited.wait(20)
    throttle_ms = account.answered()
    assert 0 < throttle_ms <= 200
    account = limited.account()
    with account.watch:
        limited.wait(5000)
    assert account.answered() == 1000


def test_time_that_comes_later_is_counted_once() -> None:
    limited = Limited()
    limited.limit(APP, request_percentage=10.0)
    account = limited.account()
    for _ in range(4):
        with account.watch:
            limited.wait(250)
        assert account.answered() == 0
    assert account.answered() == 0
    with account.watch:
        limited.wait(100)
    assert 0 < account.answered() <= 300


def test_the_largest_throttle_counts() -> None:
    limited = Limited()
    limited.limit(APP, producer_byte_rate=1000.0, request_percentage=1.0)
    account = limited.account(size=10_500)
    with account.watch:
        limited.wait(2000)
    assert account.produced() == 1000, "time: more than a window"
    limited = Limited()
    limited.limit(APP, producer_byte_rate=1000.0, request_percentage=1.0)
    assert limited.produce(15_000) == 5000


@pytest.mark.parametrize(
    ("api_key", "version", "is_strict"),
    [
        (CREATE_TOPICS, 5, False),
        (CREATE_TOPICS, 6, True),
        (DELETE_TOPICS, 4, False),
        (DELETE_TOPICS, 5, True),
        (CREATE_PARTITIONS, 2, False),
        (CREATE_PARTITIONS, 3, True),
        (METADATA, 13, False),
    ],
)
def test_changes_of_topics_are_refused_where_the_version_knows_how(
    api_key: int, version: int, is_strict: bool
) -> None:
    limited = Limited()
    limited.limit(APP, controller_mutation_rate=1.0)
    first = limited.account().mutations(api_key, version)
    first.take(10)
    first.take(5)
    assert first.throttle_time_ms == (0 if is_strict else 4000)
    again = limited.account().mutations(api_key, version)
    if is_strict:
        with pytest.raises(KafkaError) as refusal:
            again.take(1)
        assert refusal.value.code is ErrorCode.THROTTLING_QUOTA_EXCEEDED
    else:
        again.take(1)
    assert again.throttle_time_ms == (4000 if is_strict else 5000)
    limited.wait(again.throttle_time_ms)
    limited.account().mutations(CREATE_TOPICS, 7).take(100)


def test_without_a_limit_of_changes_any_are_allowed() -> None:
    limited = Limited()
    limited.limit(APP, producer_byte_rate=1.0)
    mutations = limited.account().mutations(CREATE_TOPICS, 7)
    mutations.take(10**9)
    assert mutations.throttle_time_ms == 0


def test_connections_of_one_address_beyond_its_rate_are_held_and_do_not_count() -> None:
    limited = Limited()
    limited.limit({"ip": None}, connection_creation_rate=5.0)
    assert [limited.throttle.connected("192.0.2.7") for _ in range(50)] == [0] * 50
    assert [limited.throttle.connected("192.0.2.7") for _ in range(3)] == [200] * 3
    assert limited.throttle.connected("192.0.2.8") == 0
    limited.wait(200)
    assert limited.throttle.connected("192.0.2.7") <= 200


def test_connections_are_held_for_a_window_at_most() -> None:
    limited = Limited(QuotasConfig(window_num=2))
    limited.limit({"ip": "192.0.2.7"}, connection_creation_rate=1.0)
    assert limited.throttle.connected("192.0.2.7") == 0
    limited.limit({"ip": "192.0.2.7"}, connection_creation_rate=0.1)
    assert limited.throttle.connected("192.0.2.7") == 1000
