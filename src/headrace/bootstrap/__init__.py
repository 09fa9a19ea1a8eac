"""The only wiring: which parts a process has, and how they hang together. Everything below is given what it needs.

The names are imported when they are first used: a command that asks the database one question needs no Celery.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from headrace.bootstrap.app import load_app as load_app
    from headrace.bootstrap.audit import list_acts as list_acts
    from headrace.bootstrap.collector import spare_the_collector as spare_the_collector
    from headrace.bootstrap.database import open_connection as open_connection
    from headrace.bootstrap.database import open_operator as open_operator
    from headrace.bootstrap.findings import Finding as Finding
    from headrace.bootstrap.findings import check_storage as check_storage
    from headrace.bootstrap.findings import examine as examine
    from headrace.bootstrap.processes import ApiServices as ApiServices
    from headrace.bootstrap.processes import WorkerServices as WorkerServices
    from headrace.bootstrap.processes import open_api as open_api
    from headrace.bootstrap.processes import open_relay as open_relay
    from headrace.bootstrap.processes import open_worker as open_worker
    from headrace.bootstrap.results import celery_app as celery_app
    from headrace.bootstrap.results import process_incoming_event as process_incoming_event
    from headrace.bootstrap.searching import Searching as Searching
    from headrace.bootstrap.searching import find_refusals as find_refusals
    from headrace.bootstrap.searching import open_copy as open_copy
    from headrace.bootstrap.status import Status as Status
    from headrace.bootstrap.status import look_around as look_around
    from headrace.bootstrap.verifying import repair_storage as repair_storage
    from headrace.bootstrap.verifying import verify_storage as verify_storage

_HOMES = {
    "load_app": "app",
    "list_acts": "audit",
    "spare_the_collector": "collector",
    "open_connection": "database",
    "open_operator": "database",
    "Finding": "findings",
    "check_storage": "findings",
    "examine": "findings",
    "ApiServices": "processes",
    "WorkerServices": "processes",
    "open_api": "processes",
    "open_relay": "processes",
    "open_worker": "processes",
    "celery_app": "results",
    "process_incoming_event": "results",
    "Searching": "searching",
    "find_refusals": "searching",
    "open_copy": "searching",
    "Status": "status",
    "look_around": "status",
    "repair_storage": "verifying",
    "verify_storage": "verifying",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'headrace.bootstrap' has no attribute {name!r}")
    return getattr(importlib.import_module(f"headrace.bootstrap.{_HOMES[name]}"), name)
