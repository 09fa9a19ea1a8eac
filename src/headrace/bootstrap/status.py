"""The state of an installation, for a person: whatever can be asked is asked, also while a service is away."""

import asyncio
from dataclasses import dataclass

import psycopg

from headrace.bootstrap.database import open_connection, unavailable
from headrace.bootstrap.searching import copy_name
from headrace.broker.health import RedisView, look_at_redis
from headrace.errors import Unavailable
from headrace.flow.read.overview import Overview, read_overview
from headrace.settings import Settings
from headrace.store.database import read_one_moment
from headrace.store.server import read_facts


@dataclass(frozen=True, slots=True)
class Status:
    """`overview` is None while the database cannot tell; `problem` says then, and not only then, what is wrong."""

    overview: Overview | None
    problem: str | None
    redis: RedisView


async def look_around(settings: Settings) -> Status:
    """Ask the database and Redis at once."""
    (overview, problem), redis = await asyncio.gather(
        _ask_database(settings), look_at_redis(settings.redis_url, settings.queues)
    )
    return Status(overview, problem, redis)


async def _ask_database(settings: Settings) -> tuple[Overview | None, str | None]:
    try:
        async with open_connection(settings) as (database, connection):
            problems = (await read_facts(connection, database)).problems_now()
            async with connection.transaction():
                await read_one_moment(connection)
                return await read_overview(connection, database, copy_name(settings)), " ".join(problems) or None
    except psycopg.errors.UndefinedTable:
        return None, " ".join(problems)
    except psycopg.Error as error:
        return None, unavailable(settings.database_source()(), error).detail
    except Unavailable as error:
        return None, error.detail
