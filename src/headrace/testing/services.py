"""A PostgreSQL and a Valkey for a whole test session."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from headrace.blocking.sessions import close_engines
from headrace.broker.app import celery_app
from headrace.broker.config import get_celery_config
from headrace.embedded import EmbeddedServers
from headrace.settings import get_settings
from headrace.settings.process import given_settings
from headrace.store.migrate import migrate


@dataclass(frozen=True, slots=True)
class HeadraceServices:
    """Running servers with our schema: `database_url` without the right to change it, `migrate_database_url` with it.

    `environment` has the `HEADRACE_…` variables that name them. This process has them already, and its children.
    """

    database_url: str
    migrate_database_url: str
    redis_url: str
    environment: Mapping[str, str]


@contextmanager
def open_services(folder: Path) -> Iterator[HeadraceServices]:
    """Servers with their data in `folder`, which this process uses until the end of the context.

    Raises EmbeddedMissing where `headrace[embedded]` is not installed, EmbeddedFailed, ConfigurationError.
    """
    with EmbeddedServers(folder) as servers:
        urls = {
            "database_url": servers.database_url,
            "migrate_database_url": servers.migrate_database_url,
            "redis_url": servers.redis_url,
        }
        with given_settings({**urls, "database_pooler": "none"}) as environment:
            _forget()
            schema = get_settings().database_schema
            migrate(servers.migrate_database_url, schema, servers.database_url)
            try:
                yield HeadraceServices(**urls, environment=environment)
            finally:
                celery_app.hints.close()
                _forget()


def _forget() -> None:
    """What was made of other settings."""
    close_engines()
    get_celery_config.cache_clear()
