"""An installation's status for people."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from rich.text import Text

from headrace.cli.showing.advice import is_late, is_overdue
from headrace.cli.showing.event import STYLES
from headrace.cli.showing.situation import Situation
from headrace.cli.showing.words import duration, plain, plural, table
from headrace.store.projections import MOST_COUNTED

#: Types that are listed of those that are due, and of those that are parked.
MOST_TYPES = 10

#: Schedules of which no tick is fired, and how that is told.
_SWITCHED_OFF = {"paused": "paused", "vanished": "declared no more"}

_MEGABYTE = 1_000_000


def status_lines(situation: Situation) -> Iterator[Text]:
    """Everything, the services first, what to do last."""
    yield from _services(situation)
    if "ledger" in situation:
        yield from _titled("Events", _events(situation))
        yield from _titled("Oldest due", _due(situation["oldest_due"]))
        yield from _titled("Parked", table(map(_parked, situation["parked"][:MOST_TYPES])))
        yield from _titled("Paused", table(map(_paused, situation["paused"])))
        yield from _titled("Schedules", _schedules(situation["schedules"]))
        yield from _titled("Processes", _processes(situation["processes"]))
    yield from _titled("To do", (Text(f"  {plain(each)}") for each in situation["advice"]))


def _titled(title: str, lines: Iterable[Text]) -> Iterator[Text]:
    found = list(lines)
    if found:
        yield from (Text(), Text(title, "bold"), *found)


def _services(situation: Situation) -> Iterator[Text]:
    database, redis = situation["database"], situation["redis"]
    yield _service("database", database["ok"], plain(database["detail"]))
    if "version" in database:
        yield Text(
            f"  PostgreSQL {database['version']}, schema {database['revision']}, "
            f"{database['connections']} of {database['connections_allowed']} connections, "
            f"partitions for {database['partition_days']:g} days, "
            f"{plural(database['default_rows'], 'row')} outside of them"
        )
    yield _service("redis", redis["ok"], plain(redis["detail"]))
    lengths = ", ".join(f"{queue} {length:,}" for queue, length in redis["waiting_messages"].items())
    if lengths:
        yield Text(f"  messages by queue: {plain(lengths)}")
    if "ledger" in situation:
        yield _leader(situation["leader"])
        yield from _search(situation["search"])


def _service(name: str, ok: bool, detail: str) -> Text:
    return Text.assemble((name, "bold"), "  ", (detail, "green" if ok else "red"))


def _leader(leader: Mapping[str, Any] | None) -> Text:
    if leader is None:
        return Text.assemble(("relay", "bold"), "  ", ("none leads", "red"))
    host = plain(leader["host"] or "a process that has not said who it is")
    process = f", process {leader['pid']}" if leader["pid"] else ""
    return Text.assemble(("relay", "bold"), f"  {host}{process} leads since {duration(leader['age_seconds'])}")


def _search(search: Mapping[str, Any]) -> Iterator[Text]:
    """Only if there is something to tell."""
    told = []
    if is_late(search):
        more = " or more" if search["waiting"] >= MOST_COUNTED else ""
        told.append(f"{search['waiting']:,}{more} entries wait, the oldest for {duration(search['seconds'])}")
    if search["refused"]:
        told.append(f"{search['refused']:,} refused")
    if told:
        yield _service("search", False, f"{search['copy']}: {', '.join(told)}")


def _events(situation: Situation) -> Iterator[Text]:
    ledger = situation["ledger"]
    yield Text("  " + ", ".join(f"{count:,} {state}" for state, count in ledger.items()))
    for group in situation["unfinished"]:
        reason = f" ({group['reason']})" if group["reason"] else ""
        told = f"{group['count']:>10,}  the oldest since {duration(group['oldest_seconds'])}"
        yield Text.assemble("  ", (f"{group['state'] + reason:26}", STYLES.get(group["state"], "")), told)
    if situation["next_retry_seconds"] is not None:
        soon = plural(situation["retries_within_an_hour"], "retry").replace("retrys", "retries")
        yield Text(f"  {soon} within an hour, the next in {duration(situation['next_retry_seconds'])}")
        yield Text("  how many wait in all: headrace events retry-now --reason retry --dry-run")


def _due(found: list[Mapping[str, Any]]) -> Iterator[Text]:
    yield from table(
        (plain(each["type"]), f"{each['count']:,} due", f"for {duration(each['seconds'])}")
        for each in found[:MOST_TYPES]
    )
    if len(found) > MOST_TYPES:
        yield Text("  and more types")


def _parked(each: Mapping[str, Any]) -> tuple[str, ...]:
    return plain(each["type"]), f"{each['count']:,}", each["reason"]


def _paused(each: Mapping[str, Any]) -> tuple[str, ...]:
    target = "everything" if each["scope"] == "all" else f"{each['scope']} {each['name']}"
    return plain(target), f"since {each['since'].isoformat()}", f"by {plain(each['actor'])}"


def _schedules(found: Mapping[str, Any]) -> Iterator[Text]:
    if not found["count"]:
        return
    told = [plural(found["count"], "schedule")]
    told += [f"{found[name]:,} {words}" for name, words in _SWITCHED_OFF.items() if found[name]]
    seconds = found["due_seconds"]
    if seconds is not None:
        told.append(f"one is due for {duration(seconds)}" if is_overdue(found) else f"the next {_soon(seconds)}")
    yield Text(f"  {', '.join(told)}")


def _soon(seconds: float) -> str:
    return f"in {duration(-seconds)}" if seconds < 0 else "now"


def _processes(found: list[Mapping[str, Any]]) -> Iterator[Text]:
    yield from table(map(_process, found))
    for each in found:
        if each["held"]:
            held = ", ".join(f"{kind['count']:,} {plain(kind['type'])}" for kind in each["held"])
            since = duration(each["held"][0]["oldest_seconds"])
            yield Text(f"  {plain(each['host'])}/{each['pid']} holds {held}; the first for {since}")
    if any(each["held"] for each in found):
        yield Text("  see what runs, through the API: headrace events list --state running")


def _process(each: Mapping[str, Any]) -> tuple[str, ...]:
    measures = each["measures"]
    heard = "never heard of" if each["heard_seconds"] is None else f"heard {duration(each['heard_seconds'])} ago"
    memory = f"{measures['resident_bytes'] / _MEGABYTE:,.0f} MB" if "resident_bytes" in measures else ""
    return (
        each["role"] if each["alive"] else f"{each['role']} (dead)",
        f"{plain(each['host'])}/{each['pid']}",
        f"release {plain(each['release'])}" if each["release"] else "",
        plural(each["holds"], "run"),
        f"queues {plain(','.join(each['queues']))}" if each["queues"] else "",
        memory,
        heard,
        f"up {duration(each['age_seconds'])}",
    )
