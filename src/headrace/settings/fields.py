"""Every setting: its name, its default, its bounds, and what it is for."""

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, PrivateAttr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from headrace.errors import ConfigurationError
from headrace.settings.kinds import (
    AnyCase,
    Expected,
    FieldNames,
    Folder,
    HttpUrl,
    IndexName,
    ModuleName,
    PostgresUrl,
    QueueNames,
    RedisUrl,
    SchemaName,
    postgres_url,
)
from headrace.settings.masking import mask_url
from headrace.settings.source import Source, read_value

#: Bytes in a MiB and in a GiB.
MIB, GIB = 1 << 20, 1 << 30


def _cores() -> int:
    affinity: Callable[[int], set[int]] | None = getattr(os, "sched_getaffinity", None)  # not on macOS
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def _own_database(given: dict[str, Any]) -> str:
    return str(given["database_url"])


def _own_api(given: dict[str, Any]) -> str:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(given["api_host"], given["api_host"])  # noqa: S104 (compared)
    return f"http://{f'[{host}]' if ':' in host else host}:{given['api_port']}"


def _read_database_url(file: Path) -> str:
    try:
        return postgres_url(read_value(file))
    except ValueError as error:
        raise ConfigurationError([f"HEADRACE_DATABASE_URL_FILE: {error}"]) from None


class Settings(BaseSettings):
    """All settings of a process, checked as a whole and frozen. The first source that speaks wins."""

    model_config = SettingsConfigDict(frozen=True, hide_input_in_errors=True, str_strip_whitespace=True)

    app: ModuleName | None = Field(
        None,
        description="The module or package with your events, nodes and pipelines; sought in the current folder too.",
    )
    release: Annotated[str, Expected("a text of at most 128 characters")] = Field(
        "", max_length=128, description="The release of your code; stored with every attempt and result."
    )
    data_dir: Folder = Field(
        Path(".headrace"),
        description="Where `headrace dev` keeps its data, and where its services are found.",
    )

    database_url: PostgresUrl = Field(
        "postgresql://localhost/headrace",
        description="PostgreSQL, as the running role. From a `…_FILE` it is read anew at each connect.",
    )
    migrate_database_url: PostgresUrl = Field(
        default_factory=_own_database,
        description="PostgreSQL, as the role that owns the tables; for migrations. Else the database's URL.",
    )
    database_schema: SchemaName = Field("headrace", description="The schema of all of Headrace's tables.")
    database_pooler: Literal["none", "transaction"] = Field(
        "none", description="`transaction` behind a pooler in transaction mode, like pgbouncer."
    )
    user_connections: int = Field(5, ge=1, le=1000, description="Connections for your own code in each process.")

    redis_url: RedisUrl = Field(
        "redis://localhost:6379/0",
        description="Redis or Valkey. Else `PROJECT_NAME=x` gives `redis://x_redis:6379/0`.",
    )
    search: bool = Field(
        True, description="Whether finished events can be searched: without, nothing is copied for it."
    )
    elasticsearch_url: HttpUrl | None = Field(
        None, description="Elasticsearch, where the search copy lies. Without, it lies in PostgreSQL."
    )
    elasticsearch_index: IndexName = Field("headrace", description="What the names of the indices there begin with.")
    search_text_bytes: int = Field(
        65_536, ge=256, le=MIB, description="How much text of an event is searched; in PostgreSQL 8,192 bytes at most."
    )
    masked_fields: FieldNames = Field(
        (), description="What the search copy has as `***`: names of fields at any depth, or paths from `payload`."
    )

    api_host: Annotated[str, Expected("a host name or an address")] = Field(
        "127.0.0.1", min_length=1, description="The address that the API listens on."
    )
    api_port: int = Field(8000, ge=1, le=65535, description="The port that the API listens on.")
    api_url: HttpUrl = Field(
        default_factory=_own_api, description="Where commands find the API. Else made of its host and port."
    )
    max_body_bytes: int = Field(
        MIB, ge=1, le=GIB, description="The largest body of one event; a larger one is answered with 413."
    )
    max_depth: int = Field(32, ge=1, le=200, description="How deep the JSON of an event may be nested.")
    max_batch_items: int = Field(1000, ge=1, le=100_000, description="The most events of one batch.")
    max_batch_bytes: int = Field(10 * MIB, ge=1, le=GIB, description="The largest body of one batch.")
    on_unknown_type: Literal["park", "reject"] = Field(
        "park", description="Events without a pipeline: stored until there is one, or answered with 422."
    )

    worker_processes: int = Field(
        default_factory=_cores,
        ge=1,
        le=1024,
        description="Processes of a `headrace worker`. Else one a core.",
    )
    queues: QueueNames = Field(("default",), description="The queues that a worker serves.")
    worker_concurrency: int = Field(1000, ge=1, le=100_000, description="Events in flight in a worker process.")
    worker_threads: int = Field(64, ge=1, le=1000, description="Threads for sync nodes in a worker process.")
    claim_batch: int = Field(200, ge=1, le=10_000, description="The most events claimed at a time.")
    lease_seconds: float = Field(
        20.0, ge=0.5, le=3600, description="A worker process silent for so long loses its events to others."
    )
    renew_seconds: float = Field(
        5.0, ge=0.05, le=1800, description="How often a worker process renews its lease; below half of it."
    )
    poll_seconds: float = Field(
        3.0,
        ge=0.05,
        le=60,
        description="How often a worker looks for due events by itself, a third more or less.",
    )
    grace_seconds: float = Field(
        30.0, ge=0.1, le=3600, description="How long a worker that was told to stop lets its events finish."
    )
    stuck_seconds: float = Field(
        10.0, ge=2, le=3600, description="A worker process whose loop stands still for so long is replaced."
    )
    worker_memory_bytes: int = Field(
        2 * GIB,
        ge=64 * MIB,
        le=1024 * GIB,
        description="A worker process that holds more memory is replaced.",
    )
    lost_threads: int = Field(
        8, ge=1, le=1000, description="A worker process with so many threads stuck in sync nodes is replaced."
    )
    retry_delay_cap_seconds: float | None = Field(
        None,
        ge=0.01,
        le=30 * 86_400,
        description="No retry waits longer than this. Without it, schedules hold.",
    )

    log_level: Annotated[Literal["debug", "info", "warning", "error", "critical"], AnyCase] = Field(
        "info", description="The least important lines to log."
    )
    log_format: Literal["auto", "console", "json"] = Field(
        "auto", description="How lines look. `auto` is `console` on a terminal, else `json`."
    )
    log_events: bool = Field(False, description="A line for each event accepted and finished, as `headrace dev` has.")

    _database_file: Path | None = PrivateAttr(None)

    def __init__(self, *sources: Source) -> None:
        """Raises pydantic.ValidationError; `load_settings` makes readable problems of it."""
        super().__init__(_build_sources=(sources, {}))
        source = next((source for source in sources if "database_url" in source.values), None)
        self._database_file = source.files.get("database_url") if source else None

    @field_validator("renew_seconds")
    @classmethod
    def _renewed_in_time(cls, renew_seconds: float, given: ValidationInfo) -> float:
        lease_seconds = given.data.get("lease_seconds")  # absent if it is wrong itself
        if lease_seconds is not None and renew_seconds >= lease_seconds / 2:
            raise ValueError(
                f"must be below half of the lease: set HEADRACE_RENEW_SECONDS below {lease_seconds / 2:g}, "
                f"or HEADRACE_LEASE_SECONDS above {renew_seconds * 2:g}"
            )
        return renew_seconds

    def database_source(self) -> Callable[[], str]:
        """What to ask for the database's URL at each connect: a URL from a `…_FILE` is read anew each time.

        The function raises ConfigurationError if that file has become unusable.
        """
        file, url = self._database_file, self.database_url
        return (lambda: url) if file is None else (lambda: _read_database_url(file))

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        for name, value in super().__repr_args__():
            yield name, mask_url(value) if isinstance(value, str) else value
