"""A worker whose runs were attempted before."""

from chaos.proxy import Proxy
from headrace.domain.progress import Progress
from headrace.domain.settle import Released
from headrace.engine import EventSchema, Pipeline
from headrace.store.database import Database
from tests.support.stages import working
from tests.support.steps import TYPE, accept_many, claim, store
from tests.support.storage import Storage
from tests.support.waiting import eventually


class TicketOpened(EventSchema, type=TYPE):
    pass


async def test_a_run_is_given_back_if_what_it_left_cannot_be_read(storage: Storage, database: Database) -> None:
    Pipeline("tickets", TicketOpened).add_node(reply)
    [event_id] = await accept_many(database, 1)
    [first] = await claim(database, storage.add_worker())
    await store(database, Released(first, Progress()))

    with Proxy(storage.services.database_url) as proxy:
        proxy.lose_reply_to(b".checkpoints")
        async with working(storage, url=proxy.url):
            await eventually(lambda: storage.all_are("succeeded", [event_id]), "it succeeded")

    assert proxy.replies_lost == 1
    assert storage.result(event_id)["attempt"] == 3


async def reply(event: TicketOpened) -> str:
    return "done"
