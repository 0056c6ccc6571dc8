"""An empty folder to find settings in, and a way to read what a test puts there."""

from collections.abc import Callable
from pathlib import Path

import pytest

from lastseen.server.config import ConfigError, LoadedConfig, load

Load = Callable[..., LoadedConfig]
ProblemOf = Callable[..., str]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder: no config.toml but the test's own."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def load_text(folder: Path) -> Load:
    """Reads settings from a config.toml of this text, and from this environment only."""

    def read(text: str | bytes, environ: dict[str, str] | None = None) -> LoadedConfig:
        content = text if isinstance(text, bytes) else text.encode()
        (folder / "config.toml").write_bytes(content)
        return load(None, environ or {})

    return read


@pytest.fixture
def problem_of(load_text: Load) -> ProblemOf:
    """The sentence by which settings are refused."""

    def read(text: str | bytes, environ: dict[str, str] | None = None) -> str:
        with pytest.raises(ConfigError) as caught:
            load_text(text, environ)
        return str(caught.value)

    return read
