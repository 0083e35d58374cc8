from __future__ import annotations

import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

import skylog
from skylog.cli.app import app

COMMANDS = [
    ["serve"],
    ["demo"],
    ["cost"],
    ["bench", "store"],
    ["bench", "log"],
    ["topic", "create"],
    ["topic", "list"],
    ["topic", "describe"],
    ["topic", "delete"],
    ["segment", "inspect"],
    ["version"],
]


@pytest.fixture(autouse=True)
def empty_data_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))


@pytest.fixture
def closed_port() -> int:
    """Return a port at which nobody listens."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        return int(closed.getsockname()[1])


def plain(text: str) -> str:
    """Take off colours, frames and line breaks."""
    return " ".join(re.sub(r"\x1b\[[0-9;]*m|[─│╭╮╰╯]", " ", text).split())


def test_without_arguments_it_lists_its_commands() -> None:
    result = CliRunner().invoke(app, [])
    for name in ("serve", "demo", "topic", "segment", "version"):
        assert f" {name} " in plain(result.output)


def test_a_command_that_is_misspelt_is_guessed() -> None:
    result = CliRunner().invoke(app, ["srve"])
    assert result.exit_code == 2
    assert "Did you mean 'serve'?" in plain(result.output)


def test_a_broker_loads_nothing_that_only_other_commands_need() -> None:
    """All commands were loaded with each: 50 MB and most of the time of a start."""
    program = """
import sys
from skylog.cli.app import main
sys.argv = ["skylog", "serve", "--store", "nonsense:"]
try:
    main()
except SystemExit:
    heavy = {"numpy", "pyarrow", "boto3", "skylog.bench", "skylog.bulk"}
    print(*sorted((heavy | {"skylog.broker"}) & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["skylog.broker"]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_every_command_explains_itself_by_example(command: list[str], flag: str) -> None:
    result = CliRunner().invoke(app, [*command, flag])
    assert result.exit_code == 0
    text = plain(result.output)
    assert "Example" in text
    after = text[text.index("Example") :]
    assert f"skylog {' '.join(command)}" in after


def test_version() -> None:
    result = CliRunner().invoke(app, ["version"])
    assert result.exit_code == 0
    assert result.output.startswith(f"skylog {skylog.__version__} (")


def test_the_package_is_a_program() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "skylog", "version"], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith(f"skylog {skylog.__version__} (")
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["srve"], "No such command 'srve'"),
        (["serve", "--colour"], "No such option: --colour"),
        (["serve", "--listen", "a:b:c"], "--listen: expected HOST:PORT"),
        (["serve", "--memory", "--data", "x"], "--memory: keeps everything in memory"),
        (["serve", "--log-level", "loud"], "--log-level"),
        (["topic", "create"], "Missing argument 'NAME"),
        (["topic", "create", "a", "-c", "nothing"], "--config: expected KEY=VALUE, found 'nothing'"),
        (["topic", "list", "--bootstrap", "a:b"], "--bootstrap: expected HOST:PORT"),
        (["segment", "inspect"], "Missing argument 'FILE|KEY'"),
        (["demo", "--records", "0"], "--records"),
    ],
)
def test_usage_errors_exit_with_2_and_say_what_is_wrong(arguments: list[str], message: str) -> None:
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 2
    assert message in plain(result.stderr)
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["serve", "--config", "none.toml"], "none.toml: [Errno 2] No such file"),
        (["serve", "--store", "s3://bucket?colour=blue"], "parameters: expected"),
        (["serve", "--store", "ftp://bucket"], "expected memory:, file:///dir"),
        (["segment", "inspect", "none"], "has no object none, and there is no file of that name"),
        (["segment", "inspect", "a//b"], "object key: expected letters"),
        (["segment", "inspect", "none", "--store", "ftp://b"], "expected memory:, file:///dir"),
    ],
)
def test_errors_exit_with_1_and_are_one_line(arguments: list[str], message: str) -> None:
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 1
    [line] = result.stderr.splitlines()
    assert line.startswith("skylog: ")
    assert message in line
    assert result.stdout == ""


@pytest.mark.parametrize(
    "arguments", [["list"], ["create", "a"], ["describe", "a"], ["delete", "a", "--yes"]], ids=" ".join
)
def test_without_a_broker_topic_says_how_to_start_one(arguments: list[str], closed_port: int) -> None:
    result = CliRunner().invoke(app, ["topic", *arguments, "--bootstrap", f"127.0.0.1:{closed_port}"])
    assert result.exit_code == 1
    [line] = result.stderr.splitlines()
    assert f"127.0.0.1:{closed_port}: Connection refused" in line
    assert "skylog serve" in line


def test_the_broker_may_be_named_by_the_environment(closed_port: int) -> None:
    result = CliRunner().invoke(app, ["topic", "list"], env={"SKYLOG_BOOTSTRAP": f"127.0.0.1:{closed_port}"})
    assert f"127.0.0.1:{closed_port}" in result.stderr


def test_deleting_asks_first(closed_port: int) -> None:
    arguments = ["topic", "delete", "precious", "--bootstrap", f"127.0.0.1:{closed_port}"]
    result = CliRunner().invoke(app, arguments, input="n\n")
    assert result.exit_code == 1
    assert "Delete precious with all records?" in result.output
    assert "Connection refused" not in result.output


def test_the_demo_says_what_to_install_without_its_client(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "confluent_kafka", None)
    result = CliRunner().invoke(app, ["demo"])
    assert result.exit_code == 1
    assert "pip install 'skylog[demo]'" in result.stderr
