"""PostgreSQL and Valkey for a whole test session."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from headrace.embedded import EmbeddedServers, EmbeddedServices

#: The programs of the oldest PostgreSQL that is supported, as Debian installs them.
POSTGRES_15 = Path("/usr/lib/postgresql/15/bin")


@dataclass(frozen=True)
class Server:
    """Running servers, and how the superuser reaches the database."""

    services: EmbeddedServices
    superuser_url: str


@contextmanager
def running_server(folder: Path, postgres_binaries: Path | None = None) -> Iterator[Server]:
    """Servers with their data in `folder`, gone at the end."""
    with EmbeddedServers(folder, postgres_binaries=postgres_binaries) as services:
        url = urlsplit(services.database_url)
        password = json.loads((folder / "secrets.json").read_text())["postgres"]
        superuser_url = url._replace(netloc=f"postgres:{password}@{url.hostname}:{url.port}").geturl()
        yield Server(services, superuser_url)
