"""Sessions on the database that the settings name, from a pool for users' own code."""

from collections.abc import AsyncIterator, Iterator
from functools import lru_cache
from typing import Any

import psycopg
from sqlalchemy import Engine, ExceptionContext, create_engine, event
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import Session

from headrace.blocking import placing, settling
from headrace.settings import get_settings
from headrace.store.database import CONNECT_OPTIONS, PREPARE_AFTER
from headrace.store.sql import WRITTEN_SCHEMA


def db_session() -> Iterator[Session]:
    """A session, rolled back if it is left in the middle of something and closed at the end.

    Use it as a FastAPI dependency, `Depends(db_session)`, or as `with contextmanager(db_session)() as session`.
    """
    with Session(_engine()) as session:
        yield session


async def async_db_session() -> AsyncIterator[AsyncSession]:
    """The same for asynchronous code."""
    async with AsyncSession(_async_engine()) as session:
        yield session


def close_engines() -> None:
    """Close both pools. The next session is on the database that the settings name then."""
    if _engine.cache_info().currsize:
        _engine().dispose()
    if _async_engine.cache_info().currsize:
        _async_engine().sync_engine.dispose(close=False)  # they are closed on the loop that opened them
    _engine.cache_clear()
    _async_engine.cache_clear()


@lru_cache(maxsize=1)
def _engine() -> Engine:
    settings = get_settings()
    source = settings.database_source()
    engine = create_engine(
        "postgresql+psycopg://",
        creator=lambda: psycopg.connect(source(), **_arguments()),
        pool_size=settings.user_connections,
        max_overflow=0,
        pool_pre_ping=True,
    )
    event.listen(engine, "handle_error", _leave_a_standby)
    return engine.execution_options(schema_translate_map={WRITTEN_SCHEMA: settings.database_schema})


@lru_cache(maxsize=1)
def _async_engine() -> AsyncEngine:
    settings = get_settings()
    source = settings.database_source()

    async def connect() -> psycopg.AsyncConnection:
        return await psycopg.AsyncConnection.connect(source(), **_arguments())

    engine = create_async_engine(
        "postgresql+psycopg://",
        async_creator=connect,
        pool_size=settings.user_connections,
        max_overflow=0,
        pool_pre_ping=True,
    )
    event.listen(engine.sync_engine, "handle_error", _leave_a_standby)
    return engine.execution_options(schema_translate_map={WRITTEN_SCHEMA: settings.database_schema})


def _arguments() -> dict[str, Any]:
    pooled = get_settings().database_pooler != "none"
    return {**CONNECT_OPTIONS, "prepare_threshold": None if pooled else PREPARE_AFTER}


def _leave_a_standby(context: ExceptionContext) -> None:
    """Where a primary became a standby, the address may lead to another server by now: no connection is kept."""
    if isinstance(context.original_exception, psycopg.errors.ReadOnlySqlTransaction):
        context.is_disconnect = True


placing.listen()
settling.listen()
