"""Schedules, as `GET /schedules` answers them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson
from rich.text import Text

from headrace.cli.showing.event import STYLES
from headrace.cli.showing.words import duration, moment, plain, table

#: The settings of a schedule that are told beside when it is due.
_POLICIES = ("catch_up", "most_caught_up", "overlap", "starts_at", "ends_at")


def list_lines(schedules: Sequence[Mapping[str, Any]]) -> Iterator[Text]:
    """A line each: its name, when it is due, what it stores, and its next tick."""
    yield from table((each["name"], when(each), each["type"], _next(each)) for each in schedules)


def schedule_lines(schedule: Mapping[str, Any]) -> Iterator[Text]:
    """A schedule whole, with the coming ticks and those that were fired."""
    yield Text.assemble((schedule["name"], "bold"), f"  {plain(when(schedule))}  ", (schedule["type"], "bold"))
    told = {name: schedule[name] for name in _POLICIES if name in schedule}
    if "jitter" in schedule:
        told["jitter"] = duration(schedule["jitter"])
    if schedule["queue"] != "default":
        told["queue"] = schedule["queue"]
    told["event"] = orjson.dumps(schedule["event"]).decode()
    yield from table((name.replace("_", " "), plain(str(each))) for name, each in told.items())
    if schedule["vanished_at"] is not None:
        since = moment(schedule["vanished_at"])
        yield Text(
            f"declared by {plain(schedule['app'])} no more since {since}: it fires nothing, and can be deleted",
            "yellow",
        )
    elif schedule["app"] is not None:
        yield Text(f"declared by {plain(schedule['app'])}")
    if schedule["paused_at"] is not None:
        yield Text(f"paused since {moment(schedule['paused_at'])}", "yellow")
    if schedule["next"]:
        yield Text("\nnext", "bold")
    yield from (Text(f"  {moment(tick)}") for tick in schedule["next"])
    if schedule["runs"]:
        yield Text("\nruns", "bold")
    for run in schedule["runs"]:
        state = run["state"] or "gone"
        yield Text.assemble(f"  {moment(run['tick'])}  {run['id']}  ", (state, STYLES.get(state, "")))


def when(schedule: Mapping[str, Any]) -> str:
    """When it is due, in words."""
    if "cron" in schedule:
        return f"{schedule['cron']} ({schedule.get('timezone', 'UTC')})"
    if "every" in schedule:
        finish = " after each finish" if schedule.get("from") == "finish" else ""
        return f"every {duration(schedule['every'])}{finish}"
    return f"once, {moment(schedule['at'])}"


def _next(schedule: Mapping[str, Any]) -> str:
    if schedule["vanished_at"] is not None:
        return "declared no more"
    if schedule["paused_at"] is not None:
        return "paused"
    if schedule["next"]:
        return f"next {moment(schedule['next'][0])}"
    return "next after its last event is finished" if schedule.get("from") == "finish" else "no more ticks"
