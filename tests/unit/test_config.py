"""Configuration: defaults, TOML, and errors that name the field."""

from __future__ import annotations

from pathlib import Path

import pytest

from skylog.config import Config, ProduceConfig, default_data_dir
from skylog.errors import InvalidConfig


def test_a_toml_file_is_laid_over_the_defaults(tmp_path: Path) -> None:
    path = tmp_path / "skylog.toml"
    path.write_text('store = "memory:"\n[produce]\nput_rate_per_second = 8\n[topics]\nnum_partitions = 6\n')
    config = Config.from_toml(path)
    assert config.produce.put_rate_per_second == 8
    assert config.topics.num_partitions == 6
    assert config.server.port == 9092


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[produce]\nput_rate = 8", "produce.put_rate"),
        ("[server]\nport = 70000", "server.port"),
        ('[server]\nport = "many"', "server.port"),
        ("server = 3", "server"),
        ("[store_requests]\nattempts_max = 0", "store_requests.attempts_max"),
        ("[store_requests]\nbackoff_ms_max = 10", "at least backoff_ms_first, 50"),
        ("[store_requests]\nhedge_share_max = 1.5", "store_requests.hedge_share_max"),
        ("[store_requests]\nhedge_quantile = 1.0", "store_requests.hedge_quantile"),
        ("[fetch]\nloads_bytes_max = 0", "fetch.loads_bytes_max"),
        ("[server]\ninflight_requests_max = 0", "server.inflight_requests_max"),
        ("[produce\n", "skylog.toml"),
    ],
)
def test_errors_name_the_file_and_the_field(tmp_path: Path, text: str, named: str) -> None:
    path = tmp_path / "skylog.toml"
    path.write_text(text)
    with pytest.raises(InvalidConfig, match=named) as caught:
        Config.from_toml(path)
    assert str(path) in str(caught.value)


def test_the_embedded_default_lies_in_one_directory(tmp_path: Path) -> None:
    config = Config.in_directory(tmp_path)
    assert config.store == f"file://{tmp_path}/objects"
    assert config.coordinator == f"sqlite://{tmp_path}/coordinator.db"


def test_data_lies_where_the_desktop_standard_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", "/srv/data")
    assert default_data_dir() == Path("/srv/data/skylog")


def test_a_buffer_holds_at_least_two_segments() -> None:
    with pytest.raises(InvalidConfig, match="buffer_bytes_max"):
        ProduceConfig(segment_bytes_target=8 << 20, buffer_bytes_max=8 << 20)
