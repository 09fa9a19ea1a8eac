"""Gathering the evidence of a round: the journal, rows, what the APIs say, what the nodes wrote, processes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx2
import orjson
from prometheus_client.parser import text_string_to_metric_families

from chaos.calls import Sizes, read_calls
from chaos.cluster.cluster import Cluster
from chaos.evidence import CopyState, Evidence, Ledger, StoredEvent, StoredResult, StoredRun
from chaos.journal import History
from chaos.measures import Measures
from headrace.store.body import unpack

_EVENTS = "SELECT id::text, type, parent_id::text, body FROM headrace.events"

_RUNS = "SELECT event_id::text, state, reason, attempt FROM headrace.runs"

_RESULTS = """
SELECT event_id::text, run_number, attempt, state, reason, task_context -> 'nodes',
       (task_context -> 'metadata' ->> 'attempt')::int, past
FROM (
    SELECT event_id, run_number, attempt, state, reason, task_context, false AS past FROM headrace.results
    UNION ALL
    SELECT event_id, run_number, attempt, state, reason, task_context, true FROM headrace.past_results
) AS results
"""

_LOST = "SELECT event_id::text, run_number, attempt FROM headrace.attempts WHERE outcome = 'lost'"

_COUNTED = """
SELECT 'accepted', count(*) FROM headrace.events
UNION ALL SELECT 'unfinished', count(*) FROM headrace.runs
UNION ALL SELECT state, count(*) FROM headrace.results GROUP BY state
"""

_TALLIED = "SELECT state, sum(delta)::bigint FROM headrace.tallies GROUP BY state"

_PLACES = """
SELECT coalesce(e.id, r.event_id, f.event_id)::text, e.id IS NOT NULL, r.event_id IS NOT NULL, f.event_id IS NOT NULL
FROM headrace.events e
FULL JOIN headrace.runs r ON r.event_id = e.id
FULL JOIN headrace.results f ON f.event_id = coalesce(e.id, r.event_id)
WHERE e.id IS NULL OR (r.event_id IS NULL) = (f.event_id IS NULL)
"""

#: The most that one page of `GET /events` has.
PAGE = 500


@dataclass(frozen=True, slots=True)
class Watched:
    """What is known of a round without asking: its journal, the sizes of the calls' files before it, the rest."""

    history: History
    calls_before: Sizes
    quiet_seconds: float | None
    baseline: Measures
    measures: Measures
    copy: CopyState


async def collect(cluster: Cluster, watched: Watched) -> Evidence:
    """The evidence of a round. Raises psycopg.OperationalError, httpx2.HTTPError."""
    history = watched.history
    events = [event for event in await _events(cluster) if event.intent in history.intents]
    ids = {event.id for event in events}
    return Evidence(
        history=history,
        events=events,
        runs=[run for run in map(_run, await cluster.rows(_RUNS)) if run.event_id in ids],
        results=[result for result in map(_result, await cluster.rows(_RESULTS)) if result.event_id in ids],
        lost_attempts=frozenset(row for row in await cluster.rows(_LOST) if row[0] in ids),
        listed_failed=frozenset(await _listed_failed(cluster)) & ids,
        calls=[call for call in read_calls(cluster.calls, watched.calls_before) if call.intent in history.intents],
        ledger=await _ledger(cluster),
        quiet_seconds=watched.quiet_seconds,
        baseline=watched.baseline,
        measures=watched.measures,
        copy=watched.copy,
    )


async def _events(cluster: Cluster) -> list[StoredEvent]:
    rows = await cluster.rows(_EVENTS)
    return [StoredEvent(event_id, kind, _intent(body), parent) for event_id, kind, parent, body in rows]


def _intent(body: bytes) -> str:
    data = orjson.loads(unpack(body))
    return str(data.get("intent", ""))


def _run(row: tuple[Any, ...]) -> StoredRun:
    return StoredRun(*row)


def _result(row: tuple[Any, ...]) -> StoredResult:
    event_id, run_number, attempt, state, reason, nodes, made_by, past = row
    return StoredResult(event_id, run_number, attempt, state, reason, nodes or {}, made_by, past)


async def _listed_failed(cluster: Cluster) -> list[str]:
    """The ids of all failed events, as the API lists them, page by page."""
    found: list[str] = []
    parameters: dict[str, Any] = {"state": "failed", "limit": PAGE}
    async with httpx2.AsyncClient(base_url=cluster.apis[0].url, timeout=30.0, trust_env=False) as http:
        while True:
            page = (await http.get("/events", params=parameters)).raise_for_status().json()
            found += [event["id"] for event in page["events"]]
            if page["next_cursor"] is None:
                return found
            parameters["cursor"] = page["next_cursor"]


async def _ledger(cluster: Cluster) -> Ledger:
    places = await cluster.rows(_PLACES)
    return Ledger(
        counted=dict(await cluster.rows(_COUNTED)),
        tallied=dict(await cluster.rows(_TALLIED)),
        told=await _told(cluster),
        both=[row[0] for row in places if row[1] and row[2] and row[3]],
        neither=[row[0] for row in places if row[1] and not row[2] and not row[3]],
        strangers=[row[0] for row in places if not row[1]],
    )


async def _told(cluster: Cluster) -> Mapping[str, Mapping[str, int]]:
    """What each API says of all events, by each of its two ways to say it."""
    told: dict[str, Mapping[str, int]] = {}
    async with httpx2.AsyncClient(timeout=30.0, trust_env=False) as http:
        for api in cluster.apis:
            told[f"/stats of {api.name}"] = (await http.get(f"{api.url}/stats")).raise_for_status().json()
            told[f"/metrics of {api.name}"] = counts_in((await http.get(f"{api.url}/metrics")).raise_for_status().text)
    return told


def counts_in(text: str) -> dict[str, int]:
    """The events by state that an answer of `/metrics` tells of."""
    return {
        sample.labels["state"]: int(sample.value)
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == "headrace_events"
    }
