"""A real PostgreSQL and a real Valkey from wheels; they end with the process that started them."""

from headrace.embedded.discovery import Services, read_services, remove_services, write_services
from headrace.embedded.errors import DataDirectoryInUse, DataDirectoryVersion, EmbeddedFailed, EmbeddedMissing
from headrace.embedded.folder import folder_problem
from headrace.embedded.servers import EmbeddedServers, EmbeddedServices

__all__ = [
    "DataDirectoryInUse",
    "DataDirectoryVersion",
    "EmbeddedFailed",
    "EmbeddedMissing",
    "EmbeddedServers",
    "EmbeddedServices",
    "Services",
    "folder_problem",
    "read_services",
    "remove_services",
    "write_services",
]
