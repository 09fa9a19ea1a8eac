"""The connections of a process, and the session of a request or a task."""

from collections.abc import Iterator

from sqlalchemy import create_engine
from sqlalchemy.orm import Session, sessionmaker

from bench.systems.documented.settings import Settings

#: As many as FastAPI has threads. With SQLAlchemy's own 15, requests that have a connection wait for a thread while
#: those that have a thread wait for a connection, and after 30 s they are answered with 500.
CONNECTIONS = 40

engine = create_engine(Settings().database_url, pool_pre_ping=True, pool_size=CONNECTIONS, max_overflow=0)
SessionLocal = sessionmaker(engine, autoflush=False)


def db_session() -> Iterator[Session]:
    """A session that is closed at the end, as FastAPI wants its dependencies."""
    with SessionLocal() as session:
        yield session
