from pathlib import Path

import pytest

from headrace.settings import get_redis_url, get_settings
from headrace.settings.process import given_settings


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No file gives a setting here."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HEADRACE_REDIS_URL", "redis://before:1/0")
    monkeypatch.setenv("HEADRACE_DATABASE_URL_FILE", "before.txt")
    (tmp_path / "before.txt").write_text("postgresql://before@localhost:1/before")
    get_settings.cache_clear()


def test_this_process_has_what_is_given_and_afterwards_what_it_had(monkeypatch: pytest.MonkeyPatch) -> None:
    assert get_redis_url() == "redis://before:1/0"
    given = {"redis_url": "redis://given:2/0", "database_url": "postgresql://given@localhost:2/given"}
    with given_settings(given) as environment:
        assert environment == {
            "HEADRACE_REDIS_URL": "redis://given:2/0",
            "HEADRACE_DATABASE_URL": "postgresql://given@localhost:2/given",
        }
        assert get_redis_url() == "redis://given:2/0"
        assert get_settings().database_url == "postgresql://given@localhost:2/given"
    assert get_redis_url() == "redis://before:1/0"
    assert get_settings().database_url == "postgresql://before@localhost:1/before"
    get_settings.cache_clear()
