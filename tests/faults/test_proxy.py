"""Each fault of the proxy is what it says, and without one nothing is changed."""

from __future__ import annotations

import http.client
import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest

from clients.waiting import monotonic, now_ms, wait_until
from faults import Fault, FaultProxy, Rule
from faults.origin import Origin
from skylog.storage.delay import Latency

PATH = "/bucket/segments/7"
DATA = bytes(range(256)) * 400


@pytest.fixture
def origin() -> Iterator[Origin]:
    with Origin() as origin:
        yield origin


@pytest.fixture
def proxy(origin: Origin) -> Iterator[FaultProxy]:
    with FaultProxy(origin.address, seed=1) as proxy:
        yield proxy
    assert proxy.errors == []


@pytest.fixture
def client(proxy: FaultProxy) -> Iterator[http.client.HTTPConnection]:
    connection = http.client.HTTPConnection(*proxy.address, timeout=10)
    yield connection
    connection.close()


def ask(
    client: http.client.HTTPConnection, method: str, path: str = PATH, body: bytes | None = None
) -> tuple[int, bytes]:
    client.request(method, path, body)
    answer = client.getresponse()
    return answer.status, answer.read()


def test_objects_go_through_unchanged_over_one_connection(
    client: http.client.HTTPConnection, origin: Origin, proxy: FaultProxy
) -> None:
    assert ask(client, "PUT", body=DATA) == (200, b"")
    kept = client.sock
    assert ask(client, "GET") == (200, DATA)
    assert ask(client, "HEAD") == (200, b"")
    assert ask(client, "GET", "/bucket/none") == (404, b"no such key")
    assert ask(client, "PUT", "/bucket/empty", b"") == (200, b"")
    assert client.sock is kept
    assert origin.objects == {PATH: DATA}
    assert proxy.ledger.kinds() == {"put": 2, "get": 2, "head": 1}
    assert proxy.ledger.count("get", reached=True) == 2


@pytest.mark.parametrize("ending", ["chunked", "closing"])
def test_bodies_without_a_length_go_through(
    client: http.client.HTTPConnection, origin: Origin, ending: str
) -> None:
    origin.objects["/bucket/" + ending] = DATA
    assert ask(client, "GET", "/bucket/" + ending) == (200, DATA)
    assert ask(client, "GET", "/bucket/none")[0] == 404


def test_a_chunked_request_goes_through(client: http.client.HTTPConnection, origin: Origin) -> None:
    client.request("PUT", PATH, iter([DATA[:1000], DATA[1000:]]), encode_chunked=True)
    assert client.getresponse().read() == b""
    assert origin.objects[PATH] == DATA


def test_a_client_that_waits_is_asked_for_its_body(proxy: FaultProxy, origin: Origin) -> None:
    with socket.create_connection(proxy.address, 10) as connection, connection.makefile("rb") as answers:
        connection.sendall(b"PUT %b HTTP/1.1\r\nContent-Length: 3\r\n" % PATH.encode())
        connection.sendall(b"Expect: 100-continue\r\n\r\n")
        assert answers.readline() == b"HTTP/1.1 100 Continue\r\n"
        assert answers.readline() == b"\r\n"
        connection.sendall(b"abc")
        assert answers.readline().startswith(b"HTTP/1.1 200")
    assert origin.objects[PATH] == b"abc"


def test_a_client_that_waits_is_refused_without_its_body(proxy: FaultProxy) -> None:
    proxy.use(Rule(fault=Fault.SLOW_DOWN))
    with socket.create_connection(proxy.address, 10) as connection, connection.makefile("rb") as answers:
        connection.sendall(b"PUT %b HTTP/1.1\r\nContent-Length: 3\r\n" % PATH.encode())
        connection.sendall(b"Expect: 100-continue\r\n\r\n")
        assert answers.readline() == b"HTTP/1.1 503 Slow Down\r\n"
        assert b"SlowDown" in answers.read()  # the connection ends


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        (Fault.SLOW_DOWN, 503, b"<Code>SlowDown</Code>"),
        (Fault.INTERNAL_ERROR, 500, b"<Code>InternalError</Code>"),
        (Fault.TIME_SKEWED, 403, b"<Code>RequestTimeTooSkewed</Code>"),
        (Fault.NOT_FOUND, 404, b"<Code>NoSuchKey</Code>"),
    ],
)
def test_a_refusal_is_s3s_and_does_not_reach_the_store(
    client: http.client.HTTPConnection, proxy: FaultProxy, fault: Fault, status: int, code: bytes
) -> None:
    proxy.use(Rule(fault=fault, times=1))
    found, body = ask(client, "PUT", body=DATA)
    assert found == status
    assert code in body
    assert ask(client, "GET")[0] == 404
    assert ask(client, "PUT", body=DATA) == (200, b"")
    assert proxy.ledger.statuses() == {f"put {status}": 1, "get 404": 1, "put 200": 1}
    assert proxy.ledger.count("put", reached=True) == 1


@pytest.mark.parametrize(
    ("fault", "lands"),
    [(Fault.RESET_BEFORE, False), (Fault.RESET_UPLOAD, False), (Fault.LOST_ANSWER, True)],
)
def test_a_put_is_reset(
    client: http.client.HTTPConnection, origin: Origin, proxy: FaultProxy, fault: Fault, lands: bool
) -> None:
    proxy.use(Rule(fault=fault, kinds=("put",)))
    with pytest.raises(ConnectionError):
        ask(client, "PUT", body=DATA)
    client.close()
    assert ask(client, "GET") == ((200, DATA) if lands else (404, b"no such key"))
    wait_until(lambda: origin.begun == (fault is not Fault.RESET_BEFORE), "half a body")
    assert proxy.ledger.faults() == {fault: 1}


def test_a_download_is_reset_in_the_middle(
    client: http.client.HTTPConnection, origin: Origin, proxy: FaultProxy
) -> None:
    origin.objects[PATH] = DATA
    proxy.use(Rule(fault=Fault.RESET_DOWNLOAD))
    client.request("GET", PATH)
    answer = client.getresponse()
    assert answer.length == len(DATA)
    with pytest.raises(ConnectionResetError):
        answer.read()


def test_half_an_object_with_a_length_that_agrees(
    client: http.client.HTTPConnection, origin: Origin, proxy: FaultProxy
) -> None:
    origin.objects[PATH] = DATA
    proxy.use(Rule(fault=Fault.TRUNCATE, times=1))
    assert ask(client, "GET") == (200, DATA[: len(DATA) // 2])
    assert ask(client, "GET") == (200, DATA)


def test_half_an_object_with_a_length_that_lies(
    client: http.client.HTTPConnection, origin: Origin, proxy: FaultProxy
) -> None:
    origin.objects[PATH] = DATA
    proxy.use(Rule(fault=Fault.CUT_SHORT))
    with pytest.raises(http.client.IncompleteRead) as caught:
        ask(client, "GET")
    assert caught.value.partial == DATA[: len(DATA) // 2]


def _bits_apart(one: bytes, other: bytes) -> int:
    assert len(one) == len(other)
    return (int.from_bytes(one) ^ int.from_bytes(other)).bit_count()


def test_one_bit_is_wrong_on_the_way_down(
    client: http.client.HTTPConnection, origin: Origin, proxy: FaultProxy
) -> None:
    origin.objects[PATH] = DATA
    proxy.use(Rule(fault=Fault.FLIP_DOWNLOAD))
    found = [ask(client, "GET")[1] for _ in range(5)]
    assert [_bits_apart(data, DATA) for data in found] == [1] * 5
    assert len(set(found)) == 5


def test_one_bit_is_wrong_on_the_way_up(
    client: http.client.HTTPConnection, origin: Origin, proxy: FaultProxy
) -> None:
    proxy.use(Rule(fault=Fault.FLIP_UPLOAD))
    assert ask(client, "PUT", body=DATA) == (200, b"")
    assert _bits_apart(origin.objects[PATH], DATA) == 1


@pytest.mark.parametrize(("fault", "lands"), [(Fault.HANG, False), (Fault.HANG_ANSWER, True)])
def test_a_request_hangs(origin: Origin, proxy: FaultProxy, fault: Fault, lands: bool) -> None:
    proxy.use(Rule(fault=fault))
    client = http.client.HTTPConnection(*proxy.address, timeout=0.2)
    with pytest.raises(TimeoutError):
        ask(client, "PUT", body=DATA)
    client.close()
    wait_until(lambda: proxy.ledger.count(reached=lands) == 1 == len(origin.objects) + (not lands), "the PUT")


def test_a_request_lands_when_its_client_has_given_up(origin: Origin, proxy: FaultProxy) -> None:
    proxy.use(Rule(fault=Fault.LAND_LATE, late_s=0.1))
    client = http.client.HTTPConnection(*proxy.address, timeout=0.1)
    with pytest.raises(TimeoutError):
        ask(client, "PUT", body=DATA)
    assert origin.objects == {}
    client.close()
    gave_up = monotonic()
    wait_until(lambda: PATH in origin.objects, "the late PUT")
    assert monotonic() - gave_up >= 0.1
    assert origin.objects[PATH] == DATA


def test_the_date_is_off(client: http.client.HTTPConnection, proxy: FaultProxy) -> None:
    proxy.use(Rule(fault=Fault.SHIFT_DATE, skew_s=-86_400))
    client.request("GET", PATH)
    answer = client.getresponse()
    answer.read()
    told = parsedate_to_datetime(answer.headers["Date"]).timestamp()
    assert told == pytest.approx(now_ms() / 1000 - 86_400, abs=5)


def test_an_answer_comes_no_sooner_than_drawn(client: http.client.HTTPConnection, proxy: FaultProxy) -> None:
    proxy.use(Rule(latency=Latency(80), kinds=("put",)))
    began = monotonic()
    ask(client, "PUT", body=DATA)
    assert monotonic() - began >= 0.08


def test_a_store_that_is_away_is_a_reset(proxy: FaultProxy, client: http.client.HTTPConnection) -> None:
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        proxy.upstream = nobody.getsockname()[:2]
    with pytest.raises(ConnectionError):
        ask(client, "GET")


def test_rules_and_counts_by_http(client: http.client.HTTPConnection, proxy: FaultProxy) -> None:
    rules = [{"fault": "slow_down", "kinds": ["put"], "times": 1}, {"latency": {"p50_ms": 1}}]
    assert ask(client, "PUT", "/.faults/rules", json.dumps(rules).encode())[0] == 200
    ask(client, "PUT", body=DATA)
    status, counts = ask(client, "GET", "/.faults/counts")
    assert status == 200
    assert json.loads(counts) == {
        "requests": {"put": 1},
        "statuses": {"put 503": 1},
        "faults": {"slow_down": 1},
    }
    assert ask(client, "PUT", "/.faults/rules", b'[{"fault": "flood"}]')[0] == 400
    assert ask(client, "GET", "/.faults/rules")[0] == 404


def test_the_proxy_alone(origin: Origin, tmp_path: Path) -> None:
    rules = tmp_path / "rules.json"
    rules.write_text('[{"fault": "internal_error"}]')
    command = [sys.executable, "-m", "faults", "--upstream", "{}:{}".format(*origin.address)]
    with subprocess.Popen(
        [*command, "--rules", str(rules)],
        cwd=Path(__file__).parents[1],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        address = process.stdout.readline().strip().removeprefix("http://")
        assert ask(http.client.HTTPConnection(address, timeout=10), "GET")[0] == 500
        process.terminate()
        assert "internal_error" in process.stdout.read()
    assert process.returncode == 0
