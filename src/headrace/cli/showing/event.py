"""One event, whole: its head, its error, its waterfall, what it waits for, its outputs."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from rich.text import Text

from headrace.cli.showing.waterfall import waterfall_lines
from headrace.cli.showing.words import at_utc, compact, duration, moment, plain, plural, table
from headrace.domain.nodes import metadata_of

#: How a state of an event is coloured.
STYLES = {"succeeded": "green", "failed": "red", "cancelled": "dim", "waiting": "yellow", "running": "cyan"}

#: Children that are listed unless all are asked for.
MOST_CHILDREN = 10

#: An event as `GET /events/{id}` answers it.
Event = Mapping[str, Any]


def event_lines(event: Event, columns: int, *, show_all: bool = False) -> Iterator[Text]:
    """Everything. Long values are cut to the width, and long lists are, unless `show_all`."""
    yield _title(event)
    yield from table(_facts(event))
    yield from _titled("Error", error_lines(event["error"]))
    yield from _titled("Nodes", waterfall_lines(event, columns, show_all=show_all))
    yield from _titled("Waits", _wait_lines(event))
    yield from _titled("Children", _child_lines(event, show_all=show_all))
    yield from _titled("Earlier results", _past_lines(event))
    yield from _titled("Data", _value_lines({"": event["data"]}, columns, show_all=show_all))
    context = event["task_context"]
    outputs = context.get("nodes") if isinstance(context, Mapping) else None
    if isinstance(outputs, Mapping):
        yield from _titled("Outputs", _value_lines(outputs, columns, show_all=show_all))


def error_lines(error: Mapping[str, Any] | None) -> Iterator[Text]:
    """The error, its code, and the frames of the user's own code."""
    if error is None:
        return
    yield Text.assemble("  ", (error["type"], "bold red"), f": {plain(error['message'])}  ", (error["code"], "dim"))
    for frame in error["frames"]:
        yield Text(f"    {plain(frame)}")


def _title(event: Event) -> Text:
    reason = f" ({event['reason']})" if event["reason"] else ""
    state = (f"{event['state']}{reason}", STYLES.get(event["state"], ""))
    return Text.assemble(event["id"], "  ", (event["type"], "bold"), "  ", state, f"  since {moment(event['since'])}")


def _facts(event: Event) -> Iterator[tuple[str, str]]:
    yield "created", moment(event["created_at"])
    if event["deliver_at"] is not None:
        yield "for", moment(event["deliver_at"])
    if event["finished_at"] is not None:
        took = at_utc(event["finished_at"]) - at_utc(event["created_at"])
        yield "finished", f"{moment(event['finished_at'])}, after {duration(took.total_seconds())}"
    metadata = metadata_of(event["task_context"])
    if "pipeline" in metadata:
        yield "pipeline", plain(f"{metadata['pipeline']}, version {metadata.get('version')}")
    yield "attempt", str(event["attempt"])
    for asked in event["cancellations"]:
        doing = "cancelled" if event["state"] == "cancelled" else "cancelling"
        yield doing, plain(f"asked for by {asked['actor']}, {moment(asked['since'])}")
    for name, key in (("release", "release"), ("source", "source"), ("subject", "subject"), ("parent", "parent_id")):
        if event[key]:
            yield name, plain(event[key])


def _wait_lines(event: Event) -> Iterator[Text]:
    for wait in event["waits"]:
        until = "without an end" if wait["expires"] is None else f"until {moment(wait['expires'])}"
        if wait["arrived"] is not None:
            told = f"for {wait['type']}, which came: {wait['arrived']}"
        elif wait["reason"] == "wait":
            told = f"for {wait['type']} with the key {wait['match_key']}, {until}"
        else:
            told = f"{wait['reason']}, {until}"
        yield Text.assemble("  ", (plain(wait["node"]), "bold"), f"  {plain(told)}")


def _child_lines(event: Event, *, show_all: bool) -> Iterator[Text]:
    children = event["children"]
    shown = children if show_all else children[:MOST_CHILDREN]
    yield from table((child["id"], child["type"], child["state"]) for child in shown)
    if len(shown) < len(children):
        yield Text(f"  … {len(children) - len(shown)} more: --all", "dim")


def _past_lines(event: Event) -> Iterator[Text]:
    for past in event["past_results"]:
        error = f"  {past['error']['type']}: {past['error']['message']}" if past["error"] else ""
        node = f" in {past['node']}" if past["node"] else ""
        state = (past["state"], STYLES.get(past["state"], ""))
        told = plain(f"{node}, {moment(past['finished_at'])}, {plural(past['attempt'], 'attempt')}{error}")
        yield Text.assemble("  ", (f"run {past['run_number']}", "bold"), "  ", state, told)


def _value_lines(values: Mapping[str, Any], columns: int, *, show_all: bool) -> Iterator[Text]:
    """A value on a line, cut; or JSON with a line for each member."""
    for name, value in values.items():
        head = Text.assemble("  ", (plain(name), "bold"), "  " if name else "")
        if not show_all:
            line = head.append(compact(value))
            line.truncate(columns, overflow="ellipsis")
            yield line
            continue
        first, *others = json.dumps(value, ensure_ascii=False, indent=2).splitlines()
        yield head.append(plain(first))
        yield from (Text(f"  {plain(other)}") for other in others)


def _titled(title: str, lines: Iterator[Text]) -> Iterator[Text]:
    """The lines below their title; nothing where there is none."""
    first = next(lines, None)
    if first is None:
        return
    yield Text()
    yield Text(title, "bold")
    yield first
    yield from lines
