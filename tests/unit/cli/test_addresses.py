from __future__ import annotations

import pytest
import typer

from skylog.cli.addresses import format_address, parse_address


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("example.com:1", ("example.com", 1)),
        ("127.0.0.1:9092", ("127.0.0.1", 9092)),
        ("example.com", ("example.com", 77)),
        (":5", ("host", 5)),
        ("[::1]:9092", ("::1", 9092)),
        ("[fe80::1%eth0]", ("fe80::1%eth0", 77)),
        ("a:0", ("a", 0)),
        ("a:65535", ("a", 65535)),
    ],
)
def test_what_is_left_out_comes_from_the_defaults(text: str, address: tuple[str, int]) -> None:
    assert parse_address(text, "--listen", "host", 77) == address


@pytest.mark.parametrize(
    "text", ["", "a:b", "a:1:2", "::1", "a:65536", "a b", "[::1", "a:", "x://a:1", "a:-1", "a:1\n"]
)
def test_what_cannot_be_read_is_a_usage_error_of_the_option(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="expected HOST:PORT") as caught:
        parse_address(text, "--listen", "host", 77)
    assert caught.value.param_hint == "--listen"


@pytest.mark.parametrize(("host", "port", "text"), [("a", 1, "a:1"), ("::1", 9092, "[::1]:9092")])
def test_addresses_are_printed_as_they_are_read(host: str, port: int, text: str) -> None:
    assert format_address(host, port) == text
    assert parse_address(text, "--listen", "", 0) == (host, port)
