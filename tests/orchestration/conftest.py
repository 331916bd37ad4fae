"""A small installation per test, and nights in this process."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestration import settings as settings_module
from orchestration.settings import Settings
from tests.orchestration.mini import write_mini


@pytest.fixture
def mini(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """A small installation whose environment is undone afterwards."""
    write_mini(tmp_path)
    monkeypatch.setattr(settings_module, "PROJECT_ROOT", tmp_path)
    settings = Settings(tmp_path, tmp_path / "config", tmp_path / "data")
    for name, value in settings.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("FLOWLIGHT_ALERT_WEBHOOK", raising=False)
    yield settings


@pytest.fixture
def night(mini: Settings) -> Callable[..., dict[str, Any]]:
    """Run a night of the small installation; its record."""
    from orchestration.run import run_nightly

    def run(as_of: str = "2026-07-01", **options: Any) -> dict[str, Any]:
        return run_nightly(as_of=as_of, **options)

    return run
