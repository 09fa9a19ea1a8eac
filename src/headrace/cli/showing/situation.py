"""An installation's status as JSON: what `headrace status --json` prints, and what is shown to people."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from headrace.cli.showing.advice import advice_on

if TYPE_CHECKING:
    from headrace.bootstrap import Status
    from headrace.flow.read.overview import Overview
    from headrace.store.overview import ProcessView, RunGroup
    from headrace.store.schedule_survey import ScheduleSurvey

#: An installation's status, as `situation_of` makes it.
Situation = Mapping[str, Any]


def situation_of(status: "Status") -> Situation:
    """Of what was found; without a database, there is only what Redis says."""
    redis = {"ok": status.redis.answers, "detail": status.redis.problem or "answers"}
    found: dict[str, Any] = {
        "database": {"ok": status.problem is None, "detail": status.problem or "writable"},
        "redis": {**redis, "waiting_messages": dict(status.redis.lengths)},
    }
    if status.overview is not None:
        found = {**found, **_inside(status.overview)}
        found["database"] |= _server(status.overview)
    return {**found, "advice": advice_on(found)}


def _inside(overview: "Overview") -> dict[str, Any]:
    return {
        "ledger": dict(overview.ledger),
        "unfinished": [_group(group) for group in overview.runs.groups],
        "oldest_due": [
            {"type": group.type, "count": group.count, "seconds": round(group.oldest_seconds, 1)}
            for group in overview.runs.due
        ],
        "parked": [
            {"type": group.type, "reason": group.reason, "count": group.count} for group in overview.runs.parked
        ],
        "retries_within_an_hour": overview.retries_soon,
        "next_retry_seconds": overview.next_retry_seconds and round(overview.next_retry_seconds, 1),
        "paused": [each.members() for each in overview.paused],
        "processes": [_process(each) for each in overview.processes],
        "leader": asdict(overview.leader) if overview.leader else None,
        "schedules": _schedules(overview.schedules),
        "search": {**asdict(overview.search), "seconds": round(overview.search.seconds, 1)},
    }


def _server(overview: "Overview") -> dict[str, Any]:
    return {
        "version": overview.server.version,
        "revision": overview.server.revision,
        "connections": overview.use.connections,
        "connections_allowed": overview.server.connections,
        "partition_days": round(overview.use.partition_days, 1),
        "default_rows": overview.use.default_rows,
    }


def _group(group: "RunGroup") -> dict[str, Any]:
    return {
        "state": group.state,
        "reason": group.reason,
        "count": group.count,
        "oldest_seconds": round(group.oldest_seconds, 1),
    }


def _schedules(survey: "ScheduleSurvey") -> dict[str, Any]:
    seconds = survey.due_seconds
    return {**asdict(survey), "due_seconds": None if seconds is None else round(seconds, 1)}


def _process(process: "ProcessView") -> dict[str, Any]:
    shown = asdict(process)
    return {**shown, "id": str(process.id)}
