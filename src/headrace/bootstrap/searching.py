"""The search copy of this installation: where it lies, and what keeps it."""

import asyncio
import importlib.util
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import psycopg

from headrace.bootstrap.database import open_connection, open_database, unavailable
from headrace.domain.making import MakingOptions
from headrace.domain.trees import masked_of
from headrace.errors import ConfigurationError, CopyAway, SearchOff
from headrace.flow.project.projector import Projector
from headrace.flow.project.watching import Watch
from headrace.flow.read import Searcher
from headrace.search.port import SearchCopy
from headrace.search.postgres.copy import PostgresCopy
from headrace.search.postgres.words import MOST_TEXT_BYTES
from headrace.settings import Settings, mask_url
from headrace.store.choosing import FIRST, LAST
from headrace.store.database import Database
from headrace.store.look import View
from headrace.store.projections import Refusal, count_refusals, list_refusals

#: Connections of what keeps the copy, opened as they are needed.
COPY_CONNECTIONS = 2

#: What the copy in Elasticsearch calls itself; to ask it would take a second.
ELASTICSEARCH = "elasticsearch"

#: What is under way when the process ends has so many seconds.
END_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Searching:
    """The search copy, and what it is made of: documents are made out of `database` by the `options`."""

    database: Database
    copy: SearchCopy
    options: MakingOptions


def make_copy(settings: Settings, database: Database) -> SearchCopy:
    """The place of the copy: Elasticsearch where there is one, else `database`.

    Raises ConfigurationError where the client of Elasticsearch is not installed.
    """
    if settings.elasticsearch_url is None:
        return PostgresCopy(database)
    if importlib.util.find_spec("elasticsearch") is None:
        problem = (
            "HEADRACE_ELASTICSEARCH_URL: its client is not installed. Install it: pip install 'headrace[elasticsearch]'"
        )
        raise ConfigurationError([problem])
    from headrace.search.elasticsearch.copy import ElasticsearchCopy  # noqa: PLC0415  # takes a second to import

    return ElasticsearchCopy(settings.elasticsearch_url, settings.elasticsearch_index)


def copy_name(settings: Settings) -> str | None:
    """What this installation's copy calls itself; None where there is none."""
    if not settings.search:
        return None
    return PostgresCopy.name if settings.elasticsearch_url is None else ELASTICSEARCH


def making_options(settings: Settings) -> MakingOptions:
    """How documents are made."""
    text_bytes = settings.search_text_bytes
    if settings.elasticsearch_url is None:
        text_bytes = min(text_bytes, MOST_TEXT_BYTES)
    return MakingOptions(text_bytes, masked_of(settings.masked_fields))


def make_searcher(settings: Settings, database: Database, copy: SearchCopy) -> Searcher:
    """What searches `copy`, and reads the hits in `database`."""
    return Searcher(database, copy, making_options(settings), is_fallback=settings.elasticsearch_url is None)


@asynccontextmanager
async def open_copy(settings: Settings) -> AsyncIterator[Searching]:
    """The search copy for a command. Raises SearchOff, ConfigurationError, Unavailable, CopyAway."""
    if not settings.search:
        raise SearchOff
    async with open_connection(settings):
        pass  # says why there is none, where a pool would go on trying
    try:
        async with _copy(settings) as searching:
            yield searching
    except CopyAway as error:
        where = settings.elasticsearch_url or settings.database_source()()
        raise CopyAway(f"The search copy at {mask_url(where)} cannot be used: {error.detail}.") from None
    except psycopg.Error as error:
        raise unavailable(settings.database_source()(), error) from None


async def find_refusals(settings: Settings, most: int) -> tuple[list[Refusal], int]:
    """The first `most` entries that the copy refused, and how many it refused in all. Raises Unavailable."""
    try:
        async with open_connection(settings) as (database, connection):
            found = await list_refusals(connection, database, FIRST, LAST, most)
            return found, await count_refusals(connection, database, FIRST, LAST)
    except psycopg.Error as error:
        raise unavailable(settings.database_source()(), error) from None


@asynccontextmanager
async def keeping_the_copy(settings: Settings) -> AsyncIterator[Callable[[View], None]]:
    """Keep the copy in the background. What is yielded is to hear each look of this process' relay."""
    async with _copy(settings) as searching:
        projector = Projector(searching.database, searching.copy, searching.options, random.random)
        watch = Watch(searching.database, searching.copy)

        def on_look(view: View) -> None:
            watch.leads = view.leads
            projector.wake(leads=view.leads, waiting=view.unindexed)

        tasks = {asyncio.create_task(projector.run()), asyncio.create_task(watch.run())}
        try:
            yield on_look
        finally:
            projector.stop()
            watch.stop()
            await _ended(tasks)


@asynccontextmanager
async def _copy(settings: Settings) -> AsyncIterator[Searching]:
    """The copy, over connections of its own."""
    database = open_database(settings, COPY_CONNECTIONS, kept=0)
    copy = make_copy(settings, database)
    await database.open()
    try:
        yield Searching(database, copy, making_options(settings))
    finally:
        await copy.close()
        await database.close()


async def _ended(tasks: set[asyncio.Task[None]]) -> None:
    _, late = await asyncio.wait(tasks, timeout=END_SECONDS)
    for task in late:
        task.cancel()
