"""This process, and those that it starts, are set up as a reader of the document would set up theirs."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from headrace import celery_app, db_session, get_celery_config
from headrace.settings import get_settings
from tests.document.reader import Reader
from tests.support.installation import Installation

PROGRAMS = Path(__file__).parent / "programs"


@pytest.fixture
def reader(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> Iterator[Reader]:
    """The settings are in the environment, and the reader's programs in the current folder; nothing runs yet."""
    shutil.copytree(PROGRAMS, installation.folder, dirs_exist_ok=True)
    monkeypatch.chdir(installation.folder)
    monkeypatch.setenv("HEADRACE_APP", "shop")
    monkeypatch.setenv("HEADRACE_DATABASE_URL", installation.storage.services.database_url)
    monkeypatch.setenv("HEADRACE_DATABASE_SCHEMA", installation.storage.schema)
    monkeypatch.setenv("HEADRACE_REDIS_URL", installation.redis_url)
    _read_settings_anew()
    celery_app.conf.update(get_celery_config())
    yield Reader(installation)
    celery_app.hints.close()
    with contextmanager(db_session)() as session:
        engine = session.get_bind()
    assert isinstance(engine, Engine)
    engine.dispose()
    monkeypatch.undo()
    _read_settings_anew()


@pytest.fixture
def session(reader: Reader) -> Iterator[Session]:
    """What `db_session` gives."""
    with contextmanager(db_session)() as session:
        yield session


def _read_settings_anew() -> None:
    get_settings.cache_clear()
    get_celery_config.cache_clear()
