"""The search copy of this installation: where it lies, and what keeps it."""

import asyncio
import importlib.util
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from headrace.bootstrap.database import open_database
from headrace.domain.making import MakingOptions
from headrace.domain.trees import masked_of
from headrace.errors import ConfigurationError, SearchOff
from headrace.flow.project.projector import Projector
from headrace.flow.project.watching import Watch
from headrace.flow.read import Searcher
from headrace.search.port import SearchCopy
from headrace.search.postgres.copy import PostgresCopy
from headrace.search.postgres.words import MOST_TEXT_BYTES
from headrace.settings import Settings
from headrace.store.database import Database
from headrace.store.look import View

#: Connections of what keeps the copy, opened as they are needed.
COPY_CONNECTIONS = 2

#: What is under way when the process ends has so many seconds.
END_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class CopyAccess:
    """The copy, the database that it is made out of, and how documents are made."""

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
async def open_copy(settings: Settings) -> AsyncIterator[CopyAccess]:
    """The copy, over connections of its own. Raises SearchOff, ConfigurationError."""
    if not settings.search:
        raise SearchOff("Nothing is searched here: HEADRACE_SEARCH is false.")
    database = open_database(settings, COPY_CONNECTIONS, kept=0)
    copy = make_copy(settings, database)
    await database.open()
    try:
        yield CopyAccess(database, copy, making_options(settings))
    finally:
        await copy.close()
        await database.close()


@asynccontextmanager
async def keeping_the_copy(settings: Settings) -> AsyncIterator[Callable[[View], None]]:
    """Keep the copy in the background. What is yielded is to hear each look of this process' relay."""
    async with open_copy(settings) as access:
        projector = Projector(access.database, access.copy, access.options, random.random)
        watch = Watch(access.database, access.copy)

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


async def _ended(tasks: set[asyncio.Task[None]]) -> None:
    _, late = await asyncio.wait(tasks, timeout=END_SECONDS)
    for task in late:
        task.cancel()
