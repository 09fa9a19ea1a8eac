"""Secrets of nodes reach no store and no log, whatever nodes do with them."""

from collections.abc import Iterator

import pytest

from headrace.store.body import unpack
from tests.support.installation import Installation
from tests.support.steps import new_event
from tests.support.storage import Storage

pytestmark = pytest.mark.slow

#: In every form in which a secret can be written, this is as it is.
CORE = "tr0ub4dor"

#: With characters that JSON, URLs and Python escape.
SECRET = f'ünd "{CORE}"/&3+\\'

#: How the events of `tests/support/apps/secretive.py` end, by the place where the secret gets out.
PLACES = {
    "raised": "failed",
    "raised_for_now": "waiting",
    "raised_from_another": "failed",
    "returned": "succeeded",
    "noted": "succeeded",
    "logged": "succeeded",
    "printed": "succeeded",
    "warned_of": "succeeded",
    "in_a_thread": "succeeded",
    "emitted": "succeeded",
    "in_metadata": "succeeded",
    "item": "succeeded",
    "in_a_resource": "succeeded",
    "in_a_resource_that_fails": "failed",
    "fallen_back": "succeeded",
    "fallen_back_to_a_value": "succeeded",
    "fallen_back_in_vain": "failed",
    "skipped": "succeeded",
    "in_a_process": "succeeded",
    "raised_in_a_process": "failed",
    "finally": "failed",
    "router": "failed",
    "kept": "waiting",
    "awaited": "waiting",
}

_TABLES = "SELECT relname FROM pg_class WHERE relnamespace = %s::regnamespace AND relkind = 'r'"


def give_secrets(installation: Installation) -> None:
    (installation.folder / "token").write_text(SECRET)
    (installation.folder / ".env").write_text(f"SECRETIVE_TOKEN_FILE=token\nSECRETIVE_OTHER_TOKEN=other-{CORE}\n")


def texts_in(storage: Storage) -> Iterator[str]:
    """Every row of every table, and every body."""
    for (table,) in storage.rows(_TABLES, storage.schema):
        for (row,) in storage.rows(f"SELECT t::text FROM headrace.{table} t"):  # noqa: S608  # a table's own name
            yield f"{table}: {row}"
    for (body,) in storage.rows("SELECT body FROM headrace.events"):
        yield unpack(body).decode()


def test_a_secret_is_masked_wherever_a_node_lets_it_out(installation: Installation) -> None:
    give_secrets(installation)
    supervisor = installation.start_worker("secretive")
    events = {place: new_event(f"leak.{place}") for place in PLACES}

    installation.accept(*events.values())

    for place, state in PLACES.items():
        installation.wait_until_all_are(state, [events[place].id])
    supervisor.terminate()
    assert supervisor.exit_code() == 0
    texts = [*texts_in(installation.storage), *supervisor.log.read_text().splitlines()]
    assert [text for text in texts if CORE in text] == []
    masked = "\n".join(text for text in texts if "***" in text)
    assert [place for place, event in events.items() if str(event.id) not in masked] == []


def test_a_worker_does_not_start_without_its_secrets_and_tells_all_that_are_missing(
    installation: Installation,
) -> None:
    worker = installation.start("-m", "headrace.cli", "worker", app="secretive")

    assert worker.exit_code() == 2
    told = worker.log.read_text()
    assert "SECRETIVE_TOKEN is missing" in told
    assert "SECRETIVE_OTHER_TOKEN is missing" in told


def test_the_api_needs_no_secrets_of_nodes(installation: Installation) -> None:
    _, client = installation.start_api("secretive")

    assert client.post("/events", json={"type": "leak.raised"}).status_code == 202


def test_a_secret_is_masked_in_the_log_of_a_stock_worker(installation: Installation) -> None:
    give_secrets(installation)
    command = ("-m", "celery", "-A", "headrace.worker", "worker", "--pool", "threads", "--concurrency", "1")
    worker = installation.start(*command, app="secretive", grace_seconds="0.5")
    installation.wait_for_workers(1)
    places = ["logged", "printed", "warned_of", "in_a_thread", "in_a_process", "raised"]
    events = {place: new_event(f"leak.{place}") for place in places}

    installation.accept(*events.values())

    for place in places:
        installation.wait_until_all_are(PLACES[place], [events[place].id])
    worker.terminate()
    assert worker.exit_code() == 0
    log = worker.log.read_text()
    assert "in a process: ***" in log
    assert [line for line in log.splitlines() if CORE in line] == []
