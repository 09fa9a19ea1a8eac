"""How other commands in the same folder find the running services: one private JSON file."""

import os
from pathlib import Path
from typing import TypedDict, cast

from headrace.embedded.files import read_json, write_private_json
from headrace.embedded.processes import is_alive

#: The file's name inside the data directory.
SERVICES_FILE = "services.json"


class Services(TypedDict):
    """The content of the file: four URLs, and the process that owns the services."""

    database_url: str
    migrate_database_url: str
    redis_url: str
    api_url: str
    pid: int


def write_services(
    data_dir: Path, *, database_url: str, migrate_database_url: str, redis_url: str, api_url: str
) -> None:
    """Announce services that run for as long as this process lives."""
    services = Services(
        database_url=database_url,
        migrate_database_url=migrate_database_url,
        redis_url=redis_url,
        api_url=api_url,
        pid=os.getpid(),
    )
    write_private_json(data_dir / SERVICES_FILE, services)


def read_services(data_dir: Path) -> Services | None:
    """The services announced in `data_dir`, or None if there are none or their owner is gone."""
    found = read_json(data_dir / SERVICES_FILE)
    if found is None or not Services.__required_keys__ <= found.keys() or not is_alive(found["pid"]):
        return None
    return cast(Services, found)


def remove_services(data_dir: Path) -> None:
    """Take the announcement back; does nothing if there is none."""
    (data_dir / SERVICES_FILE).unlink(missing_ok=True)
