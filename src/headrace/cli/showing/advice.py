"""What to do next about an installation, with the command to type."""

from collections.abc import Iterator, Mapping, Sequence
from shlex import quote
from typing import Any

from headrace.domain.states import Reason

#: A run that is due for so many seconds while workers live is worth a look.
LONG_DUE_SECONDS = 60.0

#: An entry that waits for so many seconds to be written to the search copy is late.
LATE_SECONDS = 60.0

#: Partitions that reach less far ahead than this were not made for a week.
FEW_DAYS = 7

#: Above this share of what the server allows, connections are scarce.
SCARCE = 0.9

#: Processes that execute, as they call themselves.
EXECUTING = ("worker", "stock", "isolated", "alone")


def advice_on(situation: Mapping[str, Any]) -> list[str]:
    """One sentence for each thing to do, the most urgent first."""
    if "ledger" not in situation and situation["database"]["detail"].endswith("or set HEADRACE_DATABASE_URL."):
        return []  # it says so already
    if "ledger" not in situation:
        return ["Start the database, or correct HEADRACE_DATABASE_URL, then: headrace check"]
    return [
        *_on_processes(situation),
        *_on_events(situation),
        *_on_services(situation),
        *_on_search(situation["search"]),
        *_on_schedules(situation["schedules"]),
    ]


def is_late(search: Mapping[str, Any]) -> bool:
    """Whether the search copy is behind for so long that somebody should look."""
    return bool(search["seconds"] > LATE_SECONDS)


def is_overdue(schedules: Mapping[str, Any]) -> bool:
    """Whether a schedule is due for so long that somebody should look."""
    return (schedules["due_seconds"] or 0.0) > LONG_DUE_SECONDS


def _on_processes(situation: Mapping[str, Any]) -> Iterator[str]:
    if not any(each["role"] in EXECUTING and each["alive"] for each in situation["processes"]):
        yield "No worker is alive. Start one: headrace worker"
    elif situation["leader"] is None:
        yield "No relay leads, so that nothing is taken over or brought back. Start one: headrace relay"
    if any(not each["alive"] for each in situation["processes"]):
        yield "Dead processes still hold runs, which the relay is to free. If they stay: headrace verify"
    if situation["oldest_due"] and situation["oldest_due"][0]["seconds"] > LONG_DUE_SECONDS:
        yield "Runs are due for long. If their number does not fall, start more workers, or look: headrace verify"


def _on_events(situation: Mapping[str, Any]) -> Iterator[str]:
    for each in situation["paused"]:
        target = "--all" if each["scope"] == "all" else f"--{each['scope']} {quote(each['name'])}"
        yield f"Paused by {each['actor']}. To go on: headrace resume {target}"
    yield from _on_parked(situation["parked"])
    if situation["ledger"]["failed"]:
        yield (
            "Events have failed. See them, through the API: headrace events list --state failed; after a fix: "
            "headrace events replay --state failed --from failed"
        )


def _on_parked(parked: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Of each reason, with the type of which most wait."""
    most = {each["reason"]: each["type"] for each in sorted(parked, key=lambda each: each["count"])}
    for reason, type_ in sorted(most.items()):
        listing = f"headrace events list --state waiting --type {quote(type_)}"
        look = f"Runs wait ({reason}). See them, through the API: {listing}"
        if reason == Reason.NEWER_RELEASE:
            yield f"{look}; update the workers: they run by themselves"
        else:
            yield (
                f"{look}; deploy a pipeline that fits: they run by themselves. Only to give them up: headrace events "
                f"cancel --reason {reason}"
            )


def _on_services(situation: Mapping[str, Any]) -> Iterator[str]:
    database = situation["database"]
    if not database["ok"]:
        yield f"{database['detail']} All problems: headrace check"
    if database["connections"] > SCARCE * database["connections_allowed"]:
        yield "Connections are scarce. See who may open how many: headrace check"
    if database["partition_days"] < FEW_DAYS:
        yield "Partitions are not made ahead. An API or a relay makes them, as their log says: headrace relay"
    if database["default_rows"]:
        yield "Rows lie outside of every week's partition: headrace verify"
    if situation["redis"]["detail"] != "answers":
        yield f"Redis {situation['redis']['detail']}. See HEADRACE_REDIS_URL: headrace check"


def _on_search(search: Mapping[str, Any]) -> Iterator[str]:
    if is_late(search):
        yield (
            "The search copy is behind, which neither loses an event nor holds it up. The leading relay catches up by "
            "itself, after the events that are due; its log says what hinders it"
        )
    if search["refused"]:
        yield "The search copy refuses entries. See why: headrace index refusals"


def _on_schedules(schedules: Mapping[str, Any]) -> Iterator[str]:
    if is_overdue(schedules):
        yield "A schedule is due for long. The leading relay fires it; its log says what hinders it"
    for each in schedules["unserved"]:
        yield (
            f"No worker takes what the schedule {each['name']} sends, {each['type']} in the queue {each['queue']}: its "
            "events wait. Deploy a pipeline for that type, start a worker for that queue, or pause it: "
            f"headrace schedule pause {quote(each['name'])}"
        )
