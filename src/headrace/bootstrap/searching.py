"""The search copy of this installation: where it lies, and what keeps it."""

import asyncio
import importlib.util
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from headrace.bootstrap.database import open_database
from headrace.domain.making import MakingOptions
from headrace.errors import ConfigurationError
from headrace.flow.project.projector import Projector
from headrace.flow.project.watching import Watch
from headrace.search.port import SearchCopy
from headrace.settings import Settings
from headrace.store.look import View

#: Connections of what keeps the copy.
COPY_CONNECTIONS = 2

#: What is under way when the process ends has so many seconds.
END_SECONDS = 5.0


def make_copy(url: str) -> SearchCopy:
    """The place of the copy. Raises ConfigurationError where the client of Elasticsearch is not installed."""
    if importlib.util.find_spec("elasticsearch") is None:
        problem = (
            "HEADRACE_ELASTICSEARCH_URL: its client is not installed. Install it: pip install 'headrace[elasticsearch]'"
        )
        raise ConfigurationError([problem])
    from headrace.search.elasticsearch.copy import ElasticsearchCopy  # noqa: PLC0415  # takes a second to import

    return ElasticsearchCopy(url)


@asynccontextmanager
async def keeping_the_copy(settings: Settings, url: str) -> AsyncIterator[Callable[[View], None]]:
    """Keep the copy at `url` in the background. What is yielded is to hear each look of this process' relay."""
    copy = make_copy(url)
    database = open_database(settings, COPY_CONNECTIONS)
    projector = Projector(database, copy, MakingOptions(), random.random)
    watch = Watch(database, copy)

    def on_look(view: View) -> None:
        watch.leads = view.leads
        projector.wake(leads=view.leads, waiting=view.unindexed)

    await database.open()
    tasks = {asyncio.create_task(projector.run()), asyncio.create_task(watch.run())}
    try:
        yield on_look
    finally:
        projector.stop()
        watch.stop()
        await _ended(tasks)
        await copy.close()
        await database.close()


async def _ended(tasks: set[asyncio.Task[None]]) -> None:
    _, late = await asyncio.wait(tasks, timeout=END_SECONDS)
    for task in late:
        task.cancel()
