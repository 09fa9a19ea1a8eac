"""`GET /metrics`, as Prometheus reads it."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from httpx2 import Client
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from headrace.api.figures import figures_of
from headrace.domain.ids import new_id
from headrace.domain.states import Reason
from headrace.flow.read.overview import Overview
from headrace.store.overview import MOST_TYPES, ProcessView, RunGroup, ServerUse, Survey, TypeGroup
from headrace.store.server import REVISION, ServerFacts
from tests.support.installation import Installation
from tests.support.steps import new_event

PAGE = Path(__file__).parents[2] / "docs" / "metrics.md"

#: Series that there may be with so many types.
MOST_SERIES, TYPES = 100, 50

ROLES = ("api", "relay", "worker", "isolated", "alone", "stock")


def families(client: Client) -> dict[str, Metric]:
    response = client.get("/metrics")
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/plain; version=0.0.4")
    return {family.name: family for family in text_string_to_metric_families(response.text)}


def value(client: Client, name: str, **labels: str) -> float:
    """The value of one series."""
    samples = [sample for family in families(client).values() for sample in family.samples]
    [found] = [sample.value for sample in samples if (sample.name, sample.labels) == (name, labels)]
    return float(found)


def documented() -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Name, kind and labels of each row of the page."""
    for name, kind, labels in re.findall(r"^\| `(\w+)` \| (\w+) \|([^|]*)\|", PAGE.read_text(), re.MULTILINE):
        yield name.removesuffix("_total"), kind, tuple(sorted(re.findall(r"`(\w+)`", labels)))


@pytest.fixture
def client(installation: Installation) -> Client:
    return installation.start_api()[1]


def busy() -> Overview:
    """Every reason, every role, and many types that are due."""
    groups = [RunGroup("waiting", reason, TYPES, 5.0) for reason in Reason]
    groups += [RunGroup("queued", None, 2 * TYPES, 5.0, due=2 * TYPES), RunGroup("running", None, TYPES, 5.0)]
    due = [TypeGroup(f"type.{n}", 2, float(TYPES - n)) for n in range(MOST_TYPES)]
    processes = [
        ProcessView(
            new_id(), role, "here", 1, "", [], 1, True, 1.0, 1.0, {"resident_bytes": 10, "clock_offset_seconds": -n}, 0
        )
        for role in ROLES
        for n in range(3)
    ]
    facts = ServerFacts(180_000, "18.0", "on", "on", "", 97, is_read_only=False, revision=REVISION)
    return Overview(facts, ServerUse(5, 14.0, 0), {"accepted": 9}, Survey(groups, due, [], {}), [], processes, None)


def test_every_metric_is_documented_and_every_documented_one_is_there(
    client: Client, installation: Installation
) -> None:
    installation.accept(new_event())

    told = {(f.name, f.type, tuple(sorted(f.samples[0].labels))) for f in families(client).values() if f.samples}

    assert told == set(documented())


def test_with_many_types_there_are_few_series(client: Client) -> None:
    own = sum(len(family.samples) for family in families(client).values() if family.name in OWN)
    stored = {family.name: family for family in figures_of(busy())}

    assert own + sum(len(family.samples) for family in stored.values()) <= MOST_SERIES
    assert len(stored["headrace_oldest_due_seconds"].samples) == MOST_TYPES
    assert stored["headrace_clock_offset_seconds"].samples[0].value == 2
    assert stored["headrace_resident_bytes"].samples[0].value == 10 * 3 * len(ROLES)


#: The metrics of the process itself.
OWN = {
    "headrace_database_up",
    "headrace_figures_late",
    "headrace_http_requests",
    "headrace_accept_seconds",
    "headrace_hints_dropped",
}


def test_dead_processes_are_counted_apart() -> None:
    overview = busy()
    dead = [replace(process, alive=False) for process in overview.processes]

    stored = {family.name: family for family in figures_of(replace(overview, processes=dead))}

    assert stored["headrace_processes"].samples == []
    assert stored["headrace_dead_processes"].samples[0].value == len(dead)


def test_they_agree_with_what_was_done(client: Client, installation: Installation) -> None:
    accepted = [client.post("/events", json={"type": "counted"}) for _ in range(3)]
    assert {response.status_code for response in accepted} == {202}
    assert client.post("/events", content=b"{").status_code == 415

    assert value(client, "headrace_accept_seconds_count") == 3
    assert 0 < value(client, "headrace_accept_seconds_sum") < 60
    assert value(client, "headrace_accept_seconds_bucket", le="+Inf") == 3
    assert value(client, "headrace_http_requests_total", status="4xx") == 1
    assert value(client, "headrace_events", state="accepted") == 3
    assert value(client, "headrace_events", state="unfinished") == 3
    assert value(client, "headrace_runs", state="queued", reason="") == 3
    assert value(client, "headrace_due_runs") == 3
    assert value(client, "headrace_oldest_due_seconds", type="counted") >= 0
    assert value(client, "headrace_processes", role="api") == 1
    assert value(client, "headrace_relay_leads") == 0


def test_without_a_database_the_process_tells_what_it_knows(installation: Installation) -> None:
    client = installation.start_api(database_url="postgresql://u:secret@127.0.0.1:9/x")[1]

    assert (value(client, "headrace_database_up"), value(client, "headrace_figures_late")) == (0, 0)
    assert families(client).keys() == OWN


def test_a_database_that_is_late_with_the_figures_is_up(client: Client, installation: Installation) -> None:
    with psycopg.connect(installation.storage.services.migrate_database_url) as holder:
        holder.execute(installation.storage.sql("LOCK TABLE headrace.runs IN ACCESS EXCLUSIVE MODE").encode())

        assert (value(client, "headrace_database_up"), value(client, "headrace_figures_late")) == (1, 1)
        assert families(client).keys() == OWN
        holder.rollback()

    assert value(client, "headrace_figures_late") == 0
