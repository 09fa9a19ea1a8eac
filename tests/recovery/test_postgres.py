"""Postgres goes and comes: users are told within two seconds, and all goes on by itself within five of its return."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from httpx2 import Client, Response

from chaos.proxy import Proxy
from tests.support.installation import Installation
from tests.support.servers import Server
from tests.support.standby import running_standby
from tests.support.steps import TYPE
from tests.support.waiting import wait_until

pytestmark = pytest.mark.slow

#: A client that waits no longer for an answer has one.
ANSWER_SECONDS = 2.0

#: So long after the return of Postgres, events are accepted, and finished.
RESUME_SECONDS = 5.0


@pytest.fixture
def client(installation: Installation, database_proxy: Proxy) -> Client:
    """Of an API, beside a worker, which both reach Postgres through the proxy and have used it."""
    installation.start_worker("tickets", database_url=database_proxy.url)
    _, client = installation.start_api("tickets", database_url=database_proxy.url)
    assert post(client).status_code == 202
    wait_until(lambda: finished(installation) == 1, "the first event is finished")
    return client


def post(client: Client) -> Response:
    return client.post("/events", json={"type": TYPE}, timeout=ANSWER_SECONDS)


def finished(installation: Installation) -> int:
    return int(installation.storage.value("SELECT count(*) FROM headrace.results"))


def check_that_it_is_refused(client: Client) -> str:
    """An event is refused with 503; returns what the API says of its database."""
    refused = post(client)
    assert refused.status_code == 503
    assert int(refused.headers["Retry-After"]) > 0
    ready = client.get("/health/ready", timeout=2 * ANSWER_SECONDS)
    assert ready.status_code == 503
    [database] = [check for check in ready.json()["checks"] if check["name"] == "database"]
    return str(database["detail"])


def check_that_it_resumes(installation: Installation, client: Client) -> None:
    """The event of a client that tries again is accepted, and finished."""
    before = finished(installation)
    wait_until(lambda: post(client).status_code == 202, "an event is accepted", timeout_seconds=RESUME_SECONDS)
    wait_until(lambda: finished(installation) > before, "an event is finished", timeout_seconds=RESUME_SECONDS)
    ready = "the API is ready"
    wait_until(lambda: client.get("/health/ready").status_code == 200, ready, timeout_seconds=RESUME_SECONDS)


@pytest.mark.parametrize(
    ("go", "come"), [(Proxy.refuse, Proxy.admit), (Proxy.hold, Proxy.release)], ids=["gone", "hung"]
)
def test_events_are_refused_until_postgres_is_back(
    installation: Installation,
    database_proxy: Proxy,
    client: Client,
    go: Callable[[Proxy], None],
    come: Callable[[Proxy], None],
) -> None:
    go(database_proxy)
    for _ in range(3):
        assert check_that_it_is_refused(client) == "The database does not answer."

    come(database_proxy)

    check_that_it_resumes(installation, client)


@contextmanager
def read_only(superuser_url: str) -> Iterator[None]:
    """The server takes no writes from any role, over old connections and new ones."""
    with psycopg.connect(superuser_url, autocommit=True) as superuser:
        superuser.execute("ALTER SYSTEM SET default_transaction_read_only = on")
        superuser.execute("SELECT pg_reload_conf()")
        try:
            yield
        finally:
            superuser.execute("ALTER SYSTEM RESET default_transaction_read_only")
            superuser.execute("SELECT pg_reload_conf()")


def test_events_are_refused_while_postgres_is_read_only(
    installation: Installation, postgres18: Server, client: Client
) -> None:
    with read_only(postgres18.superuser_url):
        says_so = "the API says that it is read-only"
        wait_until(lambda: "read-only" in client.get("/health/ready").text, says_so)
        assert "read-only" in check_that_it_is_refused(client)

    check_that_it_resumes(installation, client)


def test_connections_to_a_standby_are_left_once_the_address_leads_to_the_primary(
    installation: Installation, database_proxy: Proxy, client: Client, postgres18: Server, tmp_path: Path
) -> None:
    with running_standby(postgres18.superuser_url, tmp_path) as standby_url:
        database_proxy.lead_to(standby_url)
        database_proxy.cut()
        wait_until(lambda: post(client).status_code == 503, "events are refused")
        assert "read-only" in check_that_it_is_refused(client)

        database_proxy.lead_to(postgres18.services.database_url)

        check_that_it_resumes(installation, client)
