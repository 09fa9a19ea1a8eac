"""What a release does not understand is left alone until one comes that does."""

import base64
import json
from uuid import UUID

import pytest
import redis

from headrace.store.runs import FORMAT
from tests.support.installation import Installation
from tests.support.steps import TYPE, new_event
from tests.support.waiting import wait_until

pytestmark = pytest.mark.slow


def message(*arguments: object, **headers: object) -> bytes:
    """A message of our task, as Celery sends it, with more headers than it has today."""
    body = base64.b64encode(json.dumps([*arguments, {}]).encode()).decode()
    properties = {"body_encoding": "base64", "delivery_tag": "1", "delivery_info": {}}
    given = {"task": "process_incoming_event", "id": "1", **headers}
    whole = {"body": body, "content-type": "application/json", "content-encoding": "utf-8"}
    return json.dumps({**whole, "headers": given, "properties": properties}).encode()


def waits_for(installation: Installation, event_id: UUID, reason: str) -> None:
    def is_so() -> bool:
        return installation.storage.states([event_id]) == ["waiting"]

    wait_until(is_so, f"it waits for {reason}")
    assert installation.storage.run(event_id)["reason"] == reason


@pytest.mark.parametrize("form", ["a dict", "other names", "more headers", "a number"])
def test_a_message_of_an_unknown_form_changes_nothing_and_its_event_runs(installation: Installation, form: str) -> None:
    [event_id] = installation.accept(new_event(type_="unheard.of"))
    [wanted] = installation.accept(new_event())
    ids = [str(event_id), str(wanted)]
    newer = {
        "a dict": message([{"version": 2, "ids": ids}], {}),
        "other names": message([], {"version": 2, "ids": ids}),
        "more headers": message([[2, *ids]], {}, headrace=2, compression_level="high"),
        "a number": message([2], {}),
    }[form]
    with redis.Redis.from_url(installation.redis_url) as client:
        client.lpush("headrace.default", *[newer] * 3)
        installation.start_worker("tickets")
        wait_until(lambda: client.llen("headrace.default") == 0, "the messages are taken")

    installation.wait_until_all_are("succeeded", [wanted])
    assert installation.storage.result(wanted)["attempt"] == 1
    waits_for(installation, event_id, "no-pipeline")
    installation.wait_until_all_are("succeeded", installation.accept(new_event()))


def test_a_run_of_a_newer_form_waits_until_a_worker_is_there_that_knows_it(installation: Installation) -> None:
    storage = installation.storage
    [event_id] = installation.accept(new_event())
    storage.rows("UPDATE headrace.runs SET format = %s", FORMAT + 1)
    installation.start_worker("tickets")
    waits_for(installation, event_id, "newer-release")
    installation.wait_until_all_are("succeeded", installation.accept(new_event()))

    newer = storage.add_worker(types={TYPE: "1"})
    storage.rows("UPDATE headrace.workers SET format = %s WHERE id = %s", FORMAT + 1, newer)
    installation.wait_until_all_are("queued", [event_id])
    installation.wait_until_all_are("succeeded", installation.accept(new_event()))
    assert storage.states([event_id]) == ["queued"]
    claim = "SELECT event_id, attempt FROM headrace.claim_due(%s, 'default', %s, %s, 10)"
    assert storage.rows(claim, newer, [TYPE], FORMAT + 1) == [(event_id, 1)]


def test_an_event_that_no_longer_fits_after_a_deploy_runs_when_a_release_fits_it_again(
    installation: Installation,
) -> None:
    _, client = installation.start_api("tickets")
    answer = client.post("/events", json={"type": TYPE, "subject": "accepted before the deploy"})
    before = UUID(answer.json()["id"])

    bad = installation.start_worker("tickets_strict")
    waits_for(installation, before, "schema-mismatch")
    assert "schema-mismatch" in client.get(f"/events/{before}").text
    [after] = installation.accept(new_event(priority=2))
    installation.wait_until_all_are("succeeded", [after])
    assert installation.storage.states([before]) == ["waiting"]

    bad.terminate()
    assert bad.exit_code() == 0
    installation.start_worker("tickets")

    installation.wait_until_all_are("succeeded", [before])
    assert installation.storage.attempts(before) == [(1, "unfit", None)]
    assert installation.storage.result(before)["attempt"] == 2
