"""`skylog.Broker()` in any Python program: started, stopped, failed, doubled, forked, forgotten."""

from __future__ import annotations

import asyncio
import gc
import multiprocessing
import os
import socket
import struct
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import skylog
from skylog.config import Config, ServerConfig
from skylog.embedded import EmbeddedBroker
from skylog.errors import Conflict, InvalidConfig

API_VERSIONS = struct.pack(">hhih", 18, 0, 7, -1)


def answers(bootstrap_servers: str) -> bool:
    """Ask for the versions that are served."""
    host, port = bootstrap_servers.split(":")
    with socket.create_connection((host, int(port)), timeout=10) as peer:
        peer.sendall(struct.pack(">i", len(API_VERSIONS)) + API_VERSIONS)
        return struct.unpack(">ii", peer.recv(8, socket.MSG_WAITALL))[1] == 7


def broker_threads() -> set[threading.Thread]:
    """Other tests of the session may keep a broker of their own: compare with what was there before."""
    return {thread for thread in threading.enumerate() if thread.name.startswith(("skylog", "asyncio"))}


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")


def test_started_and_stopped_again_and_again_it_leaves_nothing(tmp_path: Path) -> None:
    before = broker_threads()
    for _ in range(3):
        with skylog.Broker(data=tmp_path / "data") as broker:
            assert answers(broker.bootstrap_servers)
    gc.collect()
    files, resident = open_files(), resident_bytes()
    for _ in range(30):
        with skylog.Broker(data=tmp_path / "data") as broker:
            assert answers(broker.bootstrap_servers)
        assert broker_threads() <= before
    gc.collect()
    assert open_files() == files
    assert resident_bytes() - resident < 8 << 20


def test_one_object_can_be_started_again() -> None:
    broker = EmbeddedBroker()
    for _ in range(2):
        broker.start()
        assert answers(broker.bootstrap_servers)
        broker.stop()
        broker.stop()
    with pytest.raises(RuntimeError, match="not running"):
        _ = broker.bootstrap_servers


def test_a_second_start_is_refused_and_the_first_goes_on() -> None:
    with EmbeddedBroker() as broker:
        with pytest.raises(RuntimeError, match="running already"):
            broker.start()
        assert answers(broker.bootstrap_servers)


def test_two_at_once_do_not_meet() -> None:
    with skylog.Broker() as one, skylog.Broker() as other:
        assert one.bootstrap_servers != other.bootstrap_servers
        assert answers(one.bootstrap_servers)
        assert answers(other.bootstrap_servers)
        assert one.broker.coordinator.cluster_id != other.broker.coordinator.cluster_id


def test_two_on_the_same_data_are_refused(tmp_path: Path) -> None:
    with skylog.Broker(data=tmp_path) as first:
        before = broker_threads()
        with pytest.raises(Conflict, match="another broker"):
            EmbeddedBroker(tmp_path).start()
        assert broker_threads() <= before
        assert answers(first.bootstrap_servers)


def test_a_start_that_fails_raises_what_failed_and_leaves_nothing() -> None:
    before = broker_threads()
    files = open_files()
    with skylog.Broker() as first:
        port = first.broker.port
        with pytest.raises(InvalidConfig, match="in use"):
            EmbeddedBroker(config=Config(server=ServerConfig(port=port))).start()
        with pytest.raises(InvalidConfig, match="expected"):
            EmbeddedBroker(config=Config(coordinator="oracle://")).start()
    assert broker_threads() <= before
    gc.collect()
    assert open_files() == files


def test_an_error_in_the_block_goes_through_and_the_broker_ends() -> None:
    before = broker_threads()
    with pytest.raises(KeyError, match="mine"), skylog.Broker():
        raise KeyError("mine")
    assert broker_threads() <= before


def test_clients_that_are_still_connected_do_not_hold_up_the_end() -> None:
    before = broker_threads()
    with skylog.Broker() as broker:
        peer = socket.create_connection(("127.0.0.1", broker.broker.port))
    with peer:
        peer.settimeout(10)
        assert peer.recv(1) == b""
    assert broker_threads() <= before


async def test_beside_a_running_event_loop() -> None:
    with skylog.Broker() as broker:
        assert await asyncio.to_thread(answers, broker.bootstrap_servers)
        reader, writer = await asyncio.open_connection("127.0.0.1", broker.broker.port)
        writer.write(struct.pack(">i", len(API_VERSIONS)) + API_VERSIONS)
        assert await reader.readexactly(8)
        writer.close()


def test_calls_run_on_the_brokers_own_loop() -> None:
    async def thread_name() -> str:
        return threading.current_thread().name

    broker = EmbeddedBroker()
    with broker:
        assert broker.call(thread_name()) == "skylog-broker"
    with pytest.raises(RuntimeError, match="not running"):
        broker.call(thread_name())


def _leave_block(broker: EmbeddedBroker) -> None:
    broker.__exit__(None, None, None)


def test_a_fork_that_leaves_the_block_neither_hangs_nor_stops_the_broker() -> None:
    with EmbeddedBroker() as broker:
        child = multiprocessing.get_context("fork").Process(target=_leave_block, args=(broker,))
        child.start()
        child.join(10)
        assert child.exitcode == 0
        assert answers(broker.bootstrap_servers)


def test_a_program_that_forgets_to_stop_it_ends_all_the_same() -> None:
    program = "import skylog; b = skylog.Broker(); b.start(); print(b.bootstrap_servers)"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=20, check=False)
    assert (ended.returncode, ended.stderr) == (0, b"")
