"""The schedules of the user's program, written to the database by whoever starts with it."""

import asyncio

import psycopg
import structlog

from headrace.engine import PipelineRegistry
from headrace.errors import HeadraceError
from headrace.flow.operate import reconcile
from headrace.settings import Settings
from headrace.store.database import Database

#: Seconds until another try where the database is away.
AGAIN_SECONDS = 5.0

_log = structlog.get_logger(__name__)


async def declare_schedules(settings: Settings, database: Database) -> None:
    """Make the schedules of the program that was loaded those that are stored; tries until it is done."""
    if settings.app is None:
        return
    declared = PipelineRegistry.schedules()
    while True:
        try:
            done = await reconcile(database, settings.app, declared)
        except (HeadraceError, psycopg.Error) as error:
            _log.warning("schedules cannot be declared yet", error=f"{type(error).__name__}: {error}")
            await asyncio.sleep(AGAIN_SECONDS)
            continue
        if done.created or done.changed or done.switched_off:
            told = {"created": done.created, "changed": done.changed, "switched_off": done.switched_off}
            _log.info("schedules", **{what: ", ".join(names) for what, names in told.items() if names})
        for name in done.taken:
            remedy = "rename yours by name=, or delete that"
            _log.error(f"a schedule of this name was made elsewhere and stays as it is; {remedy}", schedule=name)
        return
