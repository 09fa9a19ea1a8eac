"""Redis goes and comes: users feel a few seconds, and nothing is lost or refused."""

from collections.abc import Callable

import pytest

from chaos.proxy import Proxy
from tests.support.installation import Installation
from tests.support.steps import TYPE
from tests.support.waiting import wait_until

pytestmark = pytest.mark.slow

#: What an event waits at most because Redis is away.
ADDED_SECONDS = 5.0

#: How often a worker looks by itself, unless an operator says otherwise.
DEFAULT_POLL_SECONDS = "3"


@pytest.mark.parametrize("fault", [Proxy.refuse, Proxy.hold], ids=["gone", "hung"])
def test_events_are_accepted_at_once_and_finished_soon(
    installation: Installation, redis_proxy: Proxy, fault: Callable[[Proxy], None]
) -> None:
    installation.start_worker("tickets", poll_seconds=DEFAULT_POLL_SECONDS)
    _, client = installation.start_api("tickets")
    fault(redis_proxy)

    answers = [client.post("/events", json={"type": TYPE}, timeout=1.0) for _ in range(10)]

    assert {answer.status_code for answer in answers} == {202}
    finished = "all events are finished"
    wait_until(lambda: client.get("/stats").json()["succeeded"] == 10, finished, timeout_seconds=ADDED_SECONDS)
