"""Redis carries wake-ups: it may be dead, hung, or full of garbage."""

import json
from collections.abc import Iterator

import pytest
import redis

from chaos.proxy import Proxy
from tests.support.installation import Installation
from tests.support.steps import TYPE, new_event
from tests.support.waiting import wait_until

pytestmark = pytest.mark.slow

#: Longer than a test waits: a worker that polls so seldom finishes only what it is told of.
SELDOM = "60"


def envelope(body: str, content_type: str, task: str) -> bytes:
    """A message as Celery sends it, with a body in base64."""
    delivery = {"exchange": "", "routing_key": "headrace.default"}
    properties = {"body_encoding": "base64", "delivery_tag": "1", "delivery_info": delivery}
    headers = {"task": task, "id": "1"}
    message = {"body": body, "content-type": content_type, "headers": headers, "properties": properties}
    return json.dumps({**message, "content-encoding": "utf-8"}).encode()


@pytest.fixture
def proxy(installation: Installation) -> Iterator[Proxy]:
    """Stands between the installation's processes and their Redis."""
    with Proxy(installation.redis_url) as proxy:
        installation.redis_url = proxy.url
        yield proxy


def test_events_are_accepted_and_finished_while_redis_is_away(installation: Installation, proxy: Proxy) -> None:
    proxy.refuse()
    supervisor = installation.start_worker("tickets")
    _, client = installation.start_api("tickets")

    answers = [client.post("/events", json={"type": TYPE}) for _ in range(3)]

    assert {answer.status_code for answer in answers} == {202}
    wait_until(lambda: client.get("/stats").json()["succeeded"] == 3, "all events are finished")
    supervisor.terminate()
    assert supervisor.exit_code() == 0


def test_events_are_accepted_and_finished_while_redis_hangs(installation: Installation, proxy: Proxy) -> None:
    supervisor = installation.start_worker("tickets")
    _, client = installation.start_api("tickets")
    proxy.hold()

    answers = [client.post("/events", json={"type": TYPE}) for _ in range(3)]

    assert {answer.status_code for answer in answers} == {202}
    wait_until(lambda: client.get("/stats").json()["succeeded"] == 3, "all events are finished")
    supervisor.terminate()
    assert supervisor.exit_code() == 0


def test_a_worker_hears_of_events_again_once_redis_is_back(installation: Installation, proxy: Proxy) -> None:
    proxy.refuse()
    installation.start_worker("tickets", poll_seconds=SELDOM)

    proxy.admit()
    ids = installation.accept(new_event())

    installation.wait_until_all_are("succeeded", ids)


#: Messages that no Celery of ours would send.
GARBAGE = {
    "text": b"garbage",
    "empty": b"{}",
    "bodiless": b'{"body": "e30=", "headers": {}, "properties": {}}',
    "pickle": envelope("gASVCwAAAAAAAACMBWhlbGxvlC4=", "application/x-python-serialize", "process_incoming_event"),
    "unknown-task": envelope("W1tdLCB7fSwge31d", "application/json", "no.such.task"),
    "odd-arguments": envelope("W1siYSIsIG51bGwsIHt9XSwge30sIHt9XQ==", "application/json", "process_incoming_event"),
}


def test_garbage_among_the_messages_stops_nobody(installation: Installation) -> None:
    installation.start_worker("tickets", poll_seconds=SELDOM)
    with redis.Redis.from_url(installation.redis_url) as client:
        for kind, message in GARBAGE.items():
            client.lpush("headrace.default", *[message] * 3)
            wait_until(lambda: client.llen("headrace.default") == 0, f"the messages are taken ({kind})")

            ids = installation.accept(new_event())

            wait_until(lambda: installation.storage.all_are("succeeded", ids), f"work goes on after {kind}")  # noqa: B023


def test_a_message_with_a_body_of_another_shape_is_dropped_once_and_for_all(installation: Installation) -> None:
    worker = installation.start_worker("tickets", poll_seconds=SELDOM)
    with redis.Redis.from_url(installation.redis_url) as client:
        client.lpush("headrace.default", envelope("eyJhIjogMX0=", "application/json", "process_incoming_event"))
        wait_until(lambda: "Received invalid task message" in worker.log.read_text(), "the message is refused")

        ids = installation.accept(new_event())

        installation.wait_until_all_are("succeeded", ids)
        wait_until(lambda: not client.exists("headrace.default", "unacked"), "no message is left")
    assert "consumer ended" not in worker.log.read_text()


def test_consumers_that_garbage_ended_leave_no_descriptors_behind(installation: Installation) -> None:
    worker = installation.start_worker("tickets")
    [process] = worker.children()
    descriptors = []
    with redis.Redis.from_url(installation.redis_url) as client:
        for ended in range(1, 7):
            client.lpush("headrace.default", GARBAGE["text"])
            wait_until(lambda: worker.log.read_text().count("consumer ended") == ended, "another starts")  # noqa: B023
            descriptors.append(process.num_fds())
    # A consumer has three pollers of its own; a few descriptors come and go with connections.
    assert descriptors[-1] - descriptors[0] < len(descriptors) * 3 / 2, descriptors
