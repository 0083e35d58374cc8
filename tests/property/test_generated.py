"""What is generated and committed is what would be generated now."""

import importlib.util
from importlib.metadata import version
from pathlib import Path
from types import ModuleType

import pytest

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, SCRIPTS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("script", "target"), [("generate_schemas", "TABLE"), ("generate_protocol_page", "PAGE")]
)
def test_what_is_committed_is_not_stale(
    script: str, target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = load(script)
    text = getattr(module, target).read_text()
    if "from kio " in text and f"from kio {version('kio')} " not in text:
        pytest.skip("the committed table was made from another release of kio")
    assert module.main(["--check"]) == 0
    stale = tmp_path / "stale"
    stale.write_text(text.replace("13", "12", 1))
    monkeypatch.setattr(module, target, stale)
    assert module.main(["--check"]) == 1
    assert module.main([]) == 0
    assert stale.read_text() == text
