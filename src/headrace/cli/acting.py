"""The commands that act on events: `events cancel`, `replay`, `retry-now`, `reschedule`, `erase`.

They work on the database itself, and so while the API is down.
"""

import sys
from datetime import datetime
from typing import Annotated

import typer

from headrace.cli.events import parse_id
from headrace.cli.moments import AtOption, InOption, parse_delivery, parse_moment
from headrace.cli.names import check_names, check_types
from headrace.cli.output import FAILED, AppOption, JsonOption, say_error
from headrace.cli.performing import act, so_many
from headrace.domain.clock import utc_now
from headrace.domain.selection import Selection
from headrace.domain.states import EventState, Reason

_Ids = Annotated[list[str] | None, typer.Argument(metavar="ID…", help="Events; else those that the options mean.")]
_Types = Annotated[list[str] | None, typer.Option("--type", help="Only events of this type; may be repeated.")]
_States = Annotated[list[EventState] | None, typer.Option("--state", help="Only events in this state.")]
_Reasons = Annotated[list[Reason] | None, typer.Option("--reason", help="Only events that wait or failed for this.")]
_Codes = Annotated[list[str] | None, typer.Option("--code", help="Only events whose last error has this code.")]
_Nodes = Annotated[list[str] | None, typer.Option("--node", help="Only events that failed in this node.")]
_Releases = Annotated[list[str] | None, typer.Option("--release", help="Only events last run by this release.")]
_Begin = Annotated[str, typer.Option("--from", metavar="start|failed|NODE", help="Where to begin: see above.")]
_Since = Annotated[
    str | None, typer.Option(help="Only events accepted (not: failed) at this time or later, or ago: 2h, 30m, 7d.")
]
_Until = Annotated[str | None, typer.Option(help="Only events accepted before this time, or ago.")]
_Query = Annotated[str | None, typer.Option(metavar="QUERY", help="Finished events that a search finds by this.")]
_All = Annotated[bool, typer.Option("--all", help="All events that the act is for.")]
_Erased = Annotated[list[str], typer.Argument(metavar="ID…", help="Finished events.")]
_Delayed = Annotated[list[str], typer.Argument(metavar="ID…", help="Events that wait for their delivery.")]
_Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
_DryRun = Annotated[bool, typer.Option("--dry-run", help="Change nothing; count what would be.")]


def cancel(
    ids: _Ids = None,
    types: _Types = None,
    states: _States = None,
    reasons: _Reasons = None,
    codes: _Codes = None,
    nodes: _Nodes = None,
    releases: _Releases = None,
    since: _Since = None,
    until: _Until = None,
    query: _Query = None,
    everything: _All = False,
    dry_run: _DryRun = False,
    as_json: JsonOption = False,
) -> None:
    """End unfinished events: at once, or where a worker holds them, within a second or two.

    Exits 1 unless all events that are named were cancelled.
    """
    meant = _selection(
        ids, types, states, reasons, codes, nodes, releases, between=(since, until), query=query, everything=everything
    )
    act(
        "cancelled",
        lambda operator, selection, after: operator.cancel(selection, dry_run=dry_run, after=after),
        meant,
        dry_run=dry_run,
        as_json=as_json,
    )


def replay(
    ids: _Ids = None,
    begin: _Begin = "failed",
    types: _Types = None,
    states: _States = None,
    reasons: _Reasons = None,
    codes: _Codes = None,
    nodes: _Nodes = None,
    releases: _Releases = None,
    since: _Since = None,
    until: _Until = None,
    query: _Query = None,
    everything: _All = False,
    dry_run: _DryRun = False,
    app: AppOption = None,
    as_json: JsonOption = False,
) -> None:
    """Run finished events again; what came of them before is kept.

    From `failed`, those that failed or were cancelled go on from the outputs that they have; others begin afresh. From
    `start`, all do. From a node, it runs again and those after it. Exits 1 unless all that are named were replayed.
    """
    meant = _selection(
        ids, types, states, reasons, codes, nodes, releases, between=(since, until), query=query, everything=everything
    )
    act(
        "replayed",
        lambda operator, selection, after: operator.replay(selection, begin, dry_run=dry_run, after=after),
        meant,
        dry_run=dry_run,
        as_json=as_json,
        app=app,
        needs_app=begin not in ("start", "failed"),
    )


def retry_now(
    ids: _Ids = None,
    types: _Types = None,
    states: _States = None,
    reasons: _Reasons = None,
    codes: _Codes = None,
    nodes: _Nodes = None,
    releases: _Releases = None,
    since: _Since = None,
    until: _Until = None,
    everything: _All = False,
    dry_run: _DryRun = False,
    as_json: JsonOption = False,
) -> None:
    """Run events at once that wait for their delivery, a retry, a pipeline or a schema.

    Exits 1 unless all that are named did.
    """
    meant = _selection(
        ids, types, states, reasons, codes, nodes, releases, between=(since, until), everything=everything
    )
    act(
        "tried again",
        lambda operator, selection, after: operator.retry_now(selection, dry_run=dry_run, after=after),
        meant,
        dry_run=dry_run,
        as_json=as_json,
    )


def reschedule(ids: _Delayed, at: AtOption = None, after: InOption = None, as_json: JsonOption = False) -> None:
    """Give events that wait for their delivery another time of it. Exits 1 unless all were given it."""
    deliver_at = parse_delivery(at, after, utc_now())
    if deliver_at is None:
        raise typer.BadParameter("say when: --at or --in")
    act(
        "given another time",
        lambda operator, selection, after: operator.reschedule(selection.ids, deliver_at, after=after),
        Selection(ids=list(dict.fromkeys(parse_id(text) for text in ids))),
        dry_run=False,
        as_json=as_json,
    )


def erase(ids: _Erased, yes: _Yes = False, as_json: JsonOption = False) -> None:
    """Forget finished events and all that is kept of them, for good; the events that they emitted stay.

    Asks before, unless --yes is given. Exits 1 unless all were erased.
    """
    named = list(dict.fromkeys(parse_id(text) for text in ids))
    if not yes and not _is_sure(len(named)):
        say_error("Nothing is erased.")
        raise typer.Exit(FAILED)
    act(
        "erased",
        lambda operator, selection, after: operator.erase(selection.ids, after=after),
        Selection(ids=named),
        dry_run=False,
        as_json=as_json,
    )


def _is_sure(count: int) -> bool:
    if not sys.stdin.isatty():
        raise typer.BadParameter("erasing cannot be undone, and nobody is here to be asked: say --yes")
    print(f"Erase {so_many(count)} for good? [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _selection(
    ids: list[str] | None,
    types: list[str] | None,
    states: list[EventState] | None,
    reasons: list[Reason] | None,
    codes: list[str] | None,
    nodes: list[str] | None,
    releases: list[str] | None,
    *,
    between: tuple[str | None, str | None],
    everything: bool,
    query: str | None = None,
) -> Selection:
    now = utc_now()
    since, until = (_moment(text, now) for text in between)
    selection = Selection(
        ids=list(dict.fromkeys(parse_id(text) for text in ids or ())),
        types=check_types(types),
        states=states or (),
        reasons=reasons or (),
        codes=check_names("--code", codes),
        nodes=check_names("--node", nodes),
        releases=check_names("--release", releases),
        since=since,
        until=until,
        everything=everything,
        query=query,
    )
    if selection.is_empty and query is None:
        raise typer.BadParameter("name events, choose them by an option, or say --all")
    return selection


def _moment(text: str | None, now: datetime) -> datetime | None:
    return None if text is None else parse_moment(text, now)
