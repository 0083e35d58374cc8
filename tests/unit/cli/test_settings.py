from __future__ import annotations

from pathlib import Path

import pytest
import typer

from skylog.cli.settings import ServeOptions, build_config
from skylog.config import Config
from skylog.errors import InvalidConfig


@pytest.fixture(autouse=True)
def data_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    return tmp_path / "share"


def written(path: Path, text: str) -> Path:
    file = path / "skylog.toml"
    file.write_text(text)
    return file


def test_no_argument_is_needed(data_home: Path) -> None:
    config = build_config(ServeOptions())
    assert config.store == f"file://{data_home}/skylog/objects"
    assert config.coordinator == f"sqlite://{data_home}/skylog/coordinator.db"
    assert (config.server.host, config.server.port) == ("127.0.0.1", 9092)
    assert (config.server.advertised_host, config.server.advertised_port) == (None, None)


def test_data_moves_both(tmp_path: Path) -> None:
    config = build_config(ServeOptions(data=tmp_path))
    assert config == Config.in_directory(tmp_path)


def test_a_relative_directory_is_made_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert build_config(ServeOptions(data=Path("here"))).store == f"file://{tmp_path}/here/objects"


def test_memory_is_memory_all_over() -> None:
    config = build_config(ServeOptions(memory=True))
    assert (config.store, config.coordinator) == ("memory:", "sqlite::memory:")


def test_store_and_coordinator_go_before_data(tmp_path: Path) -> None:
    config = build_config(ServeOptions(data=tmp_path, store="memory:"))
    assert config.store == "memory:"
    assert config.coordinator == f"sqlite://{tmp_path}/coordinator.db"
    config = build_config(ServeOptions(data=tmp_path, coordinator="sqlite::memory:"))
    assert config.store == f"file://{tmp_path}/objects"
    assert config.coordinator == "sqlite::memory:"


FILE = """
store = "memory:?put_ms=5"
[server]
host = "0.0.0.0"
port = 9999
advertised_host = "file.example"
[topics]
num_partitions = 6
"""


def test_the_file_goes_before_defaults(tmp_path: Path, data_home: Path) -> None:
    config = build_config(ServeOptions(file=written(tmp_path, FILE)))
    assert config.store == "memory:?put_ms=5"
    assert config.coordinator == f"sqlite://{data_home}/skylog/coordinator.db"
    assert (config.server.host, config.server.port) == ("0.0.0.0", 9999)
    assert config.topics.num_partitions == 6


def test_flags_go_before_the_file(tmp_path: Path) -> None:
    options = ServeOptions(
        file=written(tmp_path, FILE),
        data=tmp_path / "d",
        listen="localhost:1234",
        advertise="flag.example:4321",
    )
    config = build_config(options)
    assert config.store == f"file://{tmp_path}/d/objects"
    assert (config.server.host, config.server.port) == ("localhost", 1234)
    assert (config.server.advertised_host, config.server.advertised_port) == ("flag.example", 4321)
    assert config.topics.num_partitions == 6
    assert build_config(ServeOptions(file=options.file, memory=True)).store == "memory:"
    assert build_config(ServeOptions(file=options.file, store="memory:")).store == "memory:"


def test_what_listen_leaves_out_comes_from_the_file(tmp_path: Path) -> None:
    file = written(tmp_path, FILE)
    server = build_config(ServeOptions(file=file, listen=":1234")).server
    assert (server.host, server.port) == ("0.0.0.0", 1234)
    server = build_config(ServeOptions(file=file, listen="localhost")).server
    assert (server.host, server.port) == ("localhost", 9999)


def test_a_host_alone_is_advertised_with_the_port_that_is_listened_on() -> None:
    server = build_config(ServeOptions(listen="0.0.0.0:0", advertise="broker.example")).server
    assert (server.advertised_host, server.advertised_port) == ("broker.example", None)


@pytest.mark.parametrize("name", ["data", "store", "coordinator"])
def test_memory_stands_alone(name: str) -> None:
    place = Path("x") if name == "data" else "memory:"
    with pytest.raises(typer.BadParameter, match=f"--{name}"):
        build_config(ServeOptions(memory=True, **{name: place}))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "address", ["", "a:b", "a:1:2", "a:65536", "a b:1", "[::1", "a:", "http://a:1", "a:-1"]
)
def test_addresses_that_cannot_be(address: str) -> None:
    for options in (ServeOptions(listen=address), ServeOptions(advertise=address)):
        with pytest.raises(typer.BadParameter, match="expected HOST:PORT"):
            build_config(options)


def test_nobody_can_be_told_to_connect_to_no_host() -> None:
    with pytest.raises(typer.BadParameter, match="the host that clients can reach"):
        build_config(ServeOptions(advertise=":9092"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[server]\nprot = 1", "server.prot"),
        ("[server]\nport = 'x'", "server.port"),
        ("[server]\nport = 70000", "server.port"),
        ("nonsense", "skylog.toml"),
    ],
)
def test_errors_of_the_file_name_file_and_field(tmp_path: Path, text: str, message: str) -> None:
    file = written(tmp_path, text)
    with pytest.raises(InvalidConfig, match=message) as caught:
        build_config(ServeOptions(file=file))
    assert str(file) in str(caught.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InvalidConfig, match="No such file"):
        build_config(ServeOptions(file=tmp_path / "none.toml"))
