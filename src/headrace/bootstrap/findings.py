"""Whether this installation can work: asked at each start, and by `headrace check`."""

import asyncio
from dataclasses import dataclass

from headrace.bootstrap.database import open_connection
from headrace.broker.health import redis_problem
from headrace.errors import ConfigurationError, Unavailable
from headrace.settings import Settings, mask_url
from headrace.store.database import Connection, Database
from headrace.store.server import ServerFacts, live_workers, read_facts


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: `detail` says what was found, and what to do if it is not `ok`."""

    name: str
    ok: bool
    detail: str


def check_storage(settings: Settings) -> None:
    """Refuse to start on a server that could lose events or has no schema; one that is away now may come later.

    Raises ConfigurationError with every problem.
    """
    try:
        problems = asyncio.run(_storage_problems(settings))
    except Unavailable:
        return
    if problems:
        raise ConfigurationError(problems)


async def examine(settings: Settings) -> list[Finding]:
    """Look at each service."""
    return [*await _examine_database(settings), await _examine_redis(settings)]


async def _storage_problems(settings: Settings) -> list[str]:
    async with open_connection(settings) as (database, connection):
        return (await read_facts(connection, database)).problems()


async def _examine_database(settings: Settings) -> list[Finding]:
    try:
        async with open_connection(settings) as (database, connection):
            facts = await read_facts(connection, database)
            return [*_examine_server(facts), await _examine_connections(settings, facts, connection, database)]
    except Unavailable as error:
        remedy = "Start it, or correct HEADRACE_DATABASE_URL."
        return [Finding("database", ok=False, detail=f"{error.detail}. {remedy}")]


def _examine_server(facts: ServerFacts) -> list[Finding]:
    problems = facts.problems_now()
    if problems:
        return [Finding("database", ok=False, detail=problem) for problem in problems]
    standby = "a failover keeps them" if facts.standbys else "no synchronous standby: a failover may lose the newest"
    return [Finding("database", ok=True, detail=f"PostgreSQL {facts.version}, events survive a crash, {standby}")]


async def _examine_connections(
    settings: Settings, facts: ServerFacts, connection: Connection, database: Database
) -> Finding:
    if facts.revision is None:
        return Finding("connections", ok=True, detail="not counted before the first migration")
    live = await live_workers(connection, database)
    most = sum(worker.connections for worker in live)
    detail = f"{len(live)} live processes open at most {most} of the {facts.connections} that the server allows"
    if most > facts.connections and settings.database_pooler == "none":
        remedy = "Raise max_connections, start fewer processes, or put a pooler between (HEADRACE_DATABASE_POOLER)."
        return Finding("connections", ok=False, detail=f"{detail}. {remedy}")
    return Finding("connections", ok=True, detail=detail)


async def _examine_redis(settings: Settings) -> Finding:
    problem = await redis_problem(settings.redis_url)
    if problem is None:
        return Finding("redis", ok=True, detail="answers")
    return Finding("redis", ok=False, detail=f"{mask_url(settings.redis_url)} {problem}. See HEADRACE_REDIS_URL.")
