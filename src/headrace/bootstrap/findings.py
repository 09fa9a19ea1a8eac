"""Whether this installation can work: asked at each start, and by `headrace check`."""

import asyncio
from dataclasses import dataclass

import structlog

from headrace.bootstrap.database import open_connection
from headrace.broker.health import RedisView, look_at_redis
from headrace.domain.clock import TOLERATED_CLOCK_SECONDS, Clock, utc_now
from headrace.errors import ConfigurationError, Unavailable
from headrace.settings import Settings, mask_url
from headrace.store.database import Connection, Database
from headrace.store.server import ServerFacts, clocks_off, live_workers, read_clock, read_facts

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: `detail` says what was found, and what to do unless it is all right.

    Of what is not `ok`, some `refuses` a start. A `warning` is `ok`, and to be seen to soon.
    """

    name: str
    ok: bool
    detail: str
    warning: bool = False
    refuses: bool = False


def check_storage(settings: Settings) -> None:
    """Refuse to start on a server that could lose events, or whose schema does not fit.

    One that is away may come later. What is no reason not to start is logged as a warning. Raises ConfigurationError
    with every problem.
    """
    findings = asyncio.run(examine(settings))
    if refusals := [found.detail for found in findings if found.refuses]:
        raise ConfigurationError(refusals)
    for found in findings:
        if found.warning or not found.ok:
            _log.warning(found.detail, check=found.name)


async def examine(settings: Settings, clock: Clock = utc_now) -> list[Finding]:
    """Look at each service, and at this host's clock."""
    database, redis = await asyncio.gather(_examine_database(settings, clock), look_at_redis(settings.redis_url))
    return [*database, _judge_redis(settings, redis)]


async def _examine_database(settings: Settings, clock: Clock) -> list[Finding]:
    try:
        async with open_connection(settings) as (database, connection):
            facts = await read_facts(connection, database)
            found = _judge_server(facts)
            if not any(each.refuses for each in found):
                found.append(await _examine_connections(settings, facts, connection, database))
                found.append(await _examine_clocks(connection, database, clock))
            return found
    except Unavailable as error:
        remedy = "" if error.detail.endswith(".") else ". Start it, or correct HEADRACE_DATABASE_URL."
        return [Finding("database", ok=False, detail=f"{error.detail}{remedy}")]


def _judge_server(facts: ServerFacts) -> list[Finding]:
    refusals = [Finding("database", ok=False, detail=problem, refuses=True) for problem in facts.problems()]
    passing = [Finding("database", ok=False, detail=problem) for problem in facts.problems_now()[len(refusals) :]]
    warnings = [Finding("schema", ok=True, detail=warning, warning=True) for warning in facts.warnings()]
    if refusals or passing:
        return [*refusals, *passing, *warnings]
    standby = "a failover keeps them" if facts.standbys else "no synchronous standby: a failover may lose the newest"
    detail = f"PostgreSQL {facts.version}, events survive a crash, {standby}"
    return [Finding("database", ok=True, detail=detail), *warnings]


async def _examine_connections(
    settings: Settings, facts: ServerFacts, connection: Connection, database: Database
) -> Finding:
    live = await live_workers(connection, database)
    most = sum(worker.connections for worker in live)
    detail = f"{len(live)} live processes open at most {most} of the {facts.connections} that the server allows"
    if most > facts.connections and settings.database_pooler == "none":
        remedy = "Raise max_connections, start fewer processes, or put a pooler between (HEADRACE_DATABASE_POOLER)."
        return Finding("connections", ok=False, detail=f"{detail}. {remedy}")
    return Finding("connections", ok=True, detail=detail)


async def _examine_clocks(connection: Connection, database: Database, clock: Clock) -> Finding:
    """This host's clock, and those of live processes as they last said."""
    own = (await read_clock(connection) - clock()).total_seconds()
    off = await clocks_off(connection, database, TOLERATED_CLOCK_SECONDS)
    if abs(own) > TOLERATED_CLOCK_SECONDS:
        off = {**off, "this host": own}
    if not off:
        return Finding("clocks", ok=True, detail=f"within {TOLERATED_CLOCK_SECONDS:g} s of the database's")
    told = ", ".join(f"{host} by {seconds:.0f} s" for host, seconds in off.items())
    detail = f"off the database's: {told}. Nothing depends on them but the times in logs; set them by NTP."
    return Finding("clocks", ok=True, detail=detail, warning=True)


def _judge_redis(settings: Settings, redis: RedisView) -> Finding:
    if redis.problem is None:
        return Finding("redis", ok=True, detail="answers")
    detail = f"{mask_url(settings.redis_url)} {redis.problem}. See HEADRACE_REDIS_URL."
    return Finding("redis", ok=redis.answers, detail=detail, warning=redis.answers)
