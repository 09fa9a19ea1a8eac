"""Postgres goes and comes: users are told within two seconds, and all goes on by itself within five of its return."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest
from httpx2 import Client, Response

from chaos.proxy import Proxy
from headrace.domain.ids import new_id
from headrace.store.events import insert_events
from tests.support.installation import Installation
from tests.support.refused import read_only
from tests.support.servers import Server
from tests.support.standby import running_standby
from tests.support.steps import TYPE, new_event
from tests.support.waiting import wait_until

pytestmark = pytest.mark.slow

#: A client that waits no longer for an answer has one.
ANSWER_SECONDS = 2.0

#: So long after the return of Postgres, events are accepted again, and those are finished that were queued, ran or
#: waited for a short retry when it went.
RESUME_SECONDS = 5.0


@pytest.fixture
def client(installation: Installation, database_proxy: Proxy) -> Client:
    """Of an API, beside a worker, which both reach Postgres through the proxy and have used it."""
    times = {"lease_seconds": "20", "renew_seconds": "5"}
    installation.start_worker("outage", database_url=database_proxy.url, **times)
    _, client = installation.start_api("outage", database_url=database_proxy.url)
    assert post(client).status_code == 202
    wait_until(lambda: finished(installation) == 1, "the first event is finished")
    return client


@pytest.fixture
def ids(installation: Installation, client: Client) -> list[UUID]:
    """Events that the outage meets in each state: one runs, one waits for a retry, and one is queued."""
    running, retried = installation.accept(new_event("held"), new_event("retried"))
    installation.wait_until_all_are("running", [running])
    installation.wait_until_all_are("waiting", [retried])
    return [running, retried, asyncio.run(accept_for_soon(installation))]


async def accept_for_soon(installation: Installation) -> UUID:
    """An event that no worker takes before the outage."""
    database = installation.storage.open()
    await database.open()
    try:
        async with database.connection() as connection, connection.transaction():
            event = new_event()
            await insert_events(connection, database, [event])
            later = "UPDATE headrace.runs SET rank = now() + interval '3 s' WHERE event_id = %(id)s"
            await connection.execute(database.sql(later), {"id": event.id})
            return event.id
    finally:
        await database.close()


def let_all_become_due(installation: Installation) -> None:
    """While Postgres is away: what runs ends, and the rest could begin."""
    (installation.folder / "let_go").touch()
    due = "SELECT bool_and(rank <= now()) FROM headrace.runs"
    wait_until(lambda: bool(installation.storage.value(due)), "all is due")


def post(client: Client) -> Response:
    return client.post("/events", json={"type": TYPE}, timeout=ANSWER_SECONDS)


def acts_on(client: Client) -> list[Response]:
    """What an operator would do at such a moment: on one event, on many, and on all that come."""
    acts = [(f"/events/{new_id()}/cancel", None), ("/events/cancel", {"type": TYPE}), ("/pause", {"type": TYPE})]
    return [client.post(path, json=body, timeout=ANSWER_SECONDS) for path, body in acts]


def finished(installation: Installation) -> int:
    return int(installation.storage.value("SELECT count(*) FROM headrace.results"))


def check_that_it_is_refused(client: Client) -> str:
    """An event and acts are refused with 503; returns what the API says of its database."""
    for refused in (post(client), *acts_on(client)):
        assert refused.status_code == 503
        assert int(refused.headers["Retry-After"]) > 0
    ready = client.get("/health/ready", timeout=2 * ANSWER_SECONDS)
    assert ready.status_code == 503
    [database] = [check for check in ready.json()["checks"] if check["name"] == "database"]
    return str(database["detail"])


def check_that_it_resumes(installation: Installation, client: Client, ids: list[UUID]) -> None:
    """In one and the same time, an event of a client that tries again is accepted, and all events are finished."""
    accepted: list[UUID] = []

    def all_goes_on() -> bool:
        if not accepted and (answer := post(client)).status_code == 202:
            accepted.append(UUID(answer.json()["id"]))
        return bool(accepted) and installation.storage.all_are("succeeded", [*ids, *accepted])

    wait_until(all_goes_on, "an event is accepted, and all are finished", timeout_seconds=RESUME_SECONDS)
    ready = "the API is ready"
    wait_until(lambda: client.get("/health/ready").status_code == 200, ready, timeout_seconds=RESUME_SECONDS)


@pytest.mark.parametrize(
    ("go", "come"), [(Proxy.refuse, Proxy.admit), (Proxy.hold, Proxy.release)], ids=["gone", "hung"]
)
def test_events_are_refused_until_postgres_is_back(
    installation: Installation,
    database_proxy: Proxy,
    client: Client,
    ids: list[UUID],
    go: Callable[[Proxy], None],
    come: Callable[[Proxy], None],
) -> None:
    go(database_proxy)
    for _ in range(3):
        assert check_that_it_is_refused(client) == "The database does not answer."
    let_all_become_due(installation)

    come(database_proxy)

    check_that_it_resumes(installation, client, ids)


def test_events_are_refused_while_postgres_is_read_only(
    installation: Installation, postgres18: Server, client: Client, ids: list[UUID]
) -> None:
    with read_only(postgres18.superuser_url):
        says_so = "the API says that it is read-only"
        wait_until(lambda: "read-only" in client.get("/health/ready").text, says_so)
        assert "read-only" in check_that_it_is_refused(client)
        let_all_become_due(installation)

    check_that_it_resumes(installation, client, ids)


def test_connections_to_a_standby_are_left_once_the_address_leads_to_the_primary(
    installation: Installation,
    database_proxy: Proxy,
    client: Client,
    ids: list[UUID],
    postgres18: Server,
    tmp_path: Path,
) -> None:
    with running_standby(postgres18.superuser_url, tmp_path) as standby_url:
        database_proxy.lead_to(standby_url)
        database_proxy.cut()
        wait_until(lambda: post(client).status_code == 503, "events are refused")
        assert "read-only" in check_that_it_is_refused(client)
        let_all_become_due(installation)

        database_proxy.lead_to(postgres18.services.database_url)

        check_that_it_resumes(installation, client, ids)
