"""Search: what it costs to keep the copy, how quickly that catches up, and how soon a search is answered."""

import statistics
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, nullcontext
from enum import StrEnum
from functools import partial
from urllib.parse import urlencode
from uuid import UUID

import orjson
import psycopg

from bench.elasticsearch import elasticsearch_node, is_possible
from bench.history import FINISHED, multiply
from bench.load.bodies import Body, make_bodies
from bench.load.http import fetch, get_request
from bench.quantiles import quantile
from bench.rows.accept import CONNECTIONS, posted
from bench.rows.finishing import until_finished, until_projected, waiting_entries
from bench.rows.process import backlog_of, drained
from bench.services import Services
from bench.systems.headrace.system import WITHOUT_SEARCH, Headrace
from bench.trials import WORKER_PROCESSES, Figure, Scale, Trial, Void
from bench.waiting import until

ROW = "search"


class Place(StrEnum):
    """Where the copy lies."""

    NOWHERE = "no search"
    POSTGRES = "search in Postgres"
    ELASTICSEARCH = "search in Elasticsearch"


#: The first events were finished while there was no copy.
_TELL_ALL = """
INSERT INTO headrace.projections (event_id, version) SELECT event_id, 2 * run_number FROM headrace.results
ON CONFLICT DO NOTHING
"""

FOUND, VERIFIED = "search among 1 million in Elasticsearch, p50", "headrace index verify with 1 million events"

#: Events of which copies are made, and how many of each: for catching up with, and for searches.
ORIGINALS, SOME, MILLION = 1_000, range(20), range(1_000)

#: Webhooks are larger.
WEBHOOK_ORIGINALS = 219

#: Events before it counts.
WARM_EVENTS = 2_000

#: Whether a relay runs while singles are accepted, in turns: what changes in the meantime hurts both alike. They are
#: many, because single rates differ by a tenth.
TURNS = (True, False, False, True) * 4

#: It counts from when this part of the entries is written until this part is.
COUNTED = 0.1, 0.95

#: What is searched for, each of them so many times: a word of every event, a phrase, a value of a thousand events, one
#: event's worth of a month, and what nothing has.
QUERIES = (
    "bench",
    '"bench two"',
    "payload.number:17",
    "state:failed",
    "created:>=2026-01-01",
    "bench -payload.number:17",
)
ASKED = 50

#: And so many times before it counts.
WARM_ASKED = 10

#: Within so many seconds workers begin, the copy has caught up, and is compared.
START_SECONDS, CATCH_UP_SECONDS, VERIFY_SECONDS = 60.0, 900.0, 300.0


def accept_of(place: Place) -> str:
    """How the figure is called: singles accepted while the copy has much to catch up with."""
    return f"accept, {place}"


def accept_kept_of(place: Place) -> str:
    """How the figure is called: that, divided by what the same API accepts while no relay runs."""
    return f"{accept_of(place)}, by that while no relay runs"


def process_of(place: Place) -> str:
    """How the figure is called."""
    return f"process, {place}"


def caught_up_of(place: Place) -> str:
    """How the figure is called."""
    return f"documents written, {place}"


async def beside(place: Place, body: Body, services: Services, scale: Scale) -> Sequence[Figure]:
    """What workers finish while the copy is kept, and what an API accepts while that catches up with it."""
    async with _settings(place) as settings, await services.connect() as connection:
        await _warm_up(services, settings, body)
        async with Headrace(services, settings) as system:
            before = await system.finished()
            events = backlog_of(system.events_a_second, body, scale)
            await system.fill(make_bodies(body, events))
            await system.start_workers(WORKER_PROCESSES)
            process = await drained(system, events, START_SECONDS + 15 * scale.seconds, before)
        figures = [Figure(process_of(place), body, Headrace.name, "events/s", process)]
        if place is not Place.NOWHERE:
            behind = await waiting_entries(connection)
            figures.append(
                Figure(f"{process_of(place)}, yet to be written then", body, Headrace.name, "events", behind)
            )
            figures += await _accepted(place, body, services, settings, scale)
        return figures


async def _accepted(
    place: Place, body: Body, services: Services, settings: Mapping[str, object], scale: Scale
) -> Sequence[Figure]:
    """Of one API in turns: while a relay catches up, and while none runs."""
    rates: dict[bool, list[float]] = {True: [], False: []}
    async with await services.connect() as connection, Headrace(services, settings) as system:
        await connection.execute("CHECKPOINT")
        endpoint = await system.start_api()
        for relays in TURNS:
            async with system.relaying() if relays else nullcontext():
                if relays:
                    await _catching_up(connection)
                accepted = await posted(endpoint, body, scale.seconds, CONNECTIONS[system.name])
                rates[relays].append(accepted.rate)
            if not await waiting_entries(connection):
                raise Void("The relay has caught up before it was measured beside.")
    beside, alone = statistics.median(rates[True]), statistics.median(rates[False])
    return [
        Figure(accept_of(place), body, Headrace.name, "events/s", beside),
        Figure(accept_kept_of(place), body, Headrace.name, "×", beside / alone),
    ]


async def _catching_up(connection: psycopg.AsyncConnection) -> None:
    """Return when the relay, which takes a second or two to start, leads and has begun to write."""
    behind = await waiting_entries(connection)

    async def has_begun() -> bool:
        leads = await (await connection.execute("SELECT FROM headrace.leases WHERE expires > now()")).fetchone()
        return leads is not None and await waiting_entries(connection) < behind

    await until(has_begun, "the relay leads, and writes", START_SECONDS)


async def _warm_up(services: Services, settings: Mapping[str, object], body: Body) -> None:
    """The first events of all, and their entries: a server that has just started compiles what it runs."""
    async with await services.connect() as connection, Headrace(services, settings) as system:
        await system.fill(make_bodies(body, WARM_EVENTS))
        await system.start_workers(WORKER_PROCESSES)
        await until_finished(system, WARM_EVENTS, START_SECONDS)
        await until_projected(connection, CATCH_UP_SECONDS)


async def catch_up(place: Place, body: Body, services: Services, _: Scale) -> Sequence[Figure]:
    """How quickly the relay's process writes what waits, while nothing else happens."""
    async with _settings(place) as settings:
        await _fill(services, body, SOME)
        rate = await _written(services, settings)
        return [Figure(caught_up_of(place), body, Headrace.name, "documents/s", rate)]


async def million(services: Services, _: Scale) -> Sequence[Figure]:
    """A million small events in Elasticsearch: compared with Postgres, and searched through the API."""
    async with _settings(Place.ELASTICSEARCH) as settings:
        await _fill(services, Body.SMALL, MILLION)
        rate = await _written(services, settings)
        async with Headrace(services, settings) as system:
            began = time.monotonic()
            await system.command("index", "verify", seconds=VERIFY_SECONDS)
            verified = time.monotonic() - began
            endpoint = await system.start_api()
            milliseconds = [each for query in QUERIES for each in await _searched(endpoint.port, query)]
    return [
        Figure(f"{caught_up_of(Place.ELASTICSEARCH)}, a million", Body.SMALL, Headrace.name, "documents/s", rate),
        Figure(VERIFIED, Body.SMALL, Headrace.name, "s", verified),
        Figure(FOUND, Body.SMALL, Headrace.name, "ms", quantile(milliseconds, 0.5)),
        Figure(FOUND.replace("p50", "p99"), Body.SMALL, Headrace.name, "ms", quantile(milliseconds, 0.99)),
    ]


@asynccontextmanager
async def _settings(place: Place) -> AsyncIterator[Mapping[str, object]]:
    match place:
        case Place.NOWHERE:
            yield WITHOUT_SEARCH
        case Place.POSTGRES:
            yield {}
        case Place.ELASTICSEARCH:
            async with elasticsearch_node() as url:
                yield {"elasticsearch_url": url}


async def _fill(services: Services, body: Body, copies: range) -> None:
    """Finished events, most of them copies of a few, none of which any copy was told of."""
    count = ORIGINALS if body is Body.SMALL else WEBHOOK_ORIGINALS
    async with await services.connect() as connection:
        async with Headrace(services, WITHOUT_SEARCH) as system:
            ids = await system.fill(make_bodies(body, count))
            await system.start_workers(WORKER_PROCESSES)
            await until_finished(system, count, START_SECONDS)
        await multiply(connection, FINISHED, [UUID(event_id) for event_id in ids], copies)
        await connection.execute(_TELL_ALL)
        await connection.execute("VACUUM (ANALYZE) headrace.events, headrace.results, headrace.projections")


async def _written(services: Services, settings: Mapping[str, object]) -> float:
    """Documents a second, of what waits."""
    async with await services.connect() as connection, Headrace(services, settings) as system:
        total = await waiting_entries(connection)
        await system.start_relay()
        moments = []
        for part in COUNTED:

            async def is_reached(left: float = total * (1 - part)) -> bool:
                return await waiting_entries(connection) <= left

            await until(is_reached, f"{part:.0%} is written", CATCH_UP_SECONDS)
            moments.append((await waiting_entries(connection), time.monotonic()))

        await until_projected(connection, CATCH_UP_SECONDS)
    (first, began), (last, ended) = moments
    return (first - last) / (ended - began)


async def _searched(port: int, query: str) -> list[float]:
    """Milliseconds of each of the searches that count, one after the other."""
    request = get_request(f"/search?{urlencode({'q': query})}")
    milliseconds = []
    for _ in range(WARM_ASKED + ASKED):
        began = time.monotonic()
        [answer] = await fetch(port, [request])
        milliseconds.append((time.monotonic() - began) * 1e3)
        if answer.status != 200:
            raise Void(f"The search {query} was answered with {answer.status}.")
    found = orjson.loads(answer.body)
    if query != "state:failed" and not found["hits"]:
        raise Void(f"The search {query} found nothing.")
    return milliseconds[WARM_ASKED:]


def trials() -> list[Trial]:
    """Rates with and without, in each round; the others once. Without Java there is no Elasticsearch."""
    places = [place for place in Place if place is not Place.ELASTICSEARCH or is_possible()]
    made = [Trial(ROW, Headrace.name, body, partial(beside, place, body)) for place in places for body in Body]
    made += [
        Trial(ROW, Headrace.name, body, partial(catch_up, place, body), once=True)
        for place in places
        for body in Body
        if place is not Place.NOWHERE
    ]
    if is_possible():
        made.append(Trial(ROW, Headrace.name, Body.SMALL, million, once=True, whole_only=True))
    return made
