"""The commands that act on events: `events cancel`, `events replay`, `events retry-now`.

They work on the database itself, and so while the API is down.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer

from headrace.cli.events import parse_id
from headrace.cli.moments import parse_moment
from headrace.cli.names import check_names, check_types
from headrace.cli.output import FAILED, AppOption, JsonOption, print_json, say_error
from headrace.domain.clock import utc_now
from headrace.domain.selection import Selection
from headrace.domain.states import EventState, Reason
from headrace.errors import HeadraceError, InvalidSelection

if TYPE_CHECKING:
    from headrace.flow.operate import Acted, Operator
    from headrace.settings import Settings

    Acting = Callable[[Operator, UUID], Awaitable[Acted]]

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
_All = Annotated[bool, typer.Option("--all", help="All events that the act is for.")]
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
    everything: _All = False,
    dry_run: _DryRun = False,
    as_json: JsonOption = False,
) -> None:
    """End unfinished events: at once, or where a worker holds them, within a second or two.

    Exits 1 unless all events that are named were cancelled.
    """
    meant = _selection(
        ids=ids,
        types=types,
        states=states,
        reasons=reasons,
        codes=codes,
        nodes=nodes,
        releases=releases,
        between=(since, until),
        everything=everything,
    )
    _act(
        "cancelled",
        lambda operator, after: operator.cancel(meant, dry_run=dry_run, after=after),
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
        ids=ids,
        types=types,
        states=states,
        reasons=reasons,
        codes=codes,
        nodes=nodes,
        releases=releases,
        between=(since, until),
        everything=everything,
    )
    _act(
        "replayed",
        lambda operator, after: operator.replay(meant, begin, dry_run=dry_run, after=after),
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
    """Run events at once that wait for a retry, a pipeline or a schema. Exits 1 unless all that are named did."""
    meant = _selection(
        ids=ids,
        types=types,
        states=states,
        reasons=reasons,
        codes=codes,
        nodes=nodes,
        releases=releases,
        between=(since, until),
        everything=everything,
    )
    _act(
        "tried again",
        lambda operator, after: operator.retry_now(meant, dry_run=dry_run, after=after),
        dry_run=dry_run,
        as_json=as_json,
    )


def _selection(
    ids: list[str] | None,
    types: list[str] | None,
    states: list[EventState] | None,
    reasons: list[Reason] | None,
    codes: list[str] | None,
    nodes: list[str] | None,
    releases: list[str] | None,
    between: tuple[str | None, str | None],
    everything: bool,
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
    )
    if selection.is_empty:
        raise typer.BadParameter("name events, choose them by an option, or say --all")
    return selection


def _moment(text: str | None, now: datetime) -> datetime | None:
    return None if text is None else parse_moment(text, now)


def _act(
    done: str, acting: "Acting", *, dry_run: bool, as_json: bool, app: str | None = None, needs_app: bool = False
) -> None:
    from headrace.bootstrap import load_app
    from headrace.settings import load_settings

    settings = load_settings(app=app)
    if needs_app:
        load_app(settings)
    try:
        acted = asyncio.run(_go_through(settings, acting, done))
    except InvalidSelection as error:
        raise typer.BadParameter(error.detail) from None
    _tell(acted, done, dry_run=dry_run, as_json=as_json)
    if acted.refused:
        raise typer.Exit(FAILED)


def _tell(acted: "Acted", done: str, *, dry_run: bool, as_json: bool) -> None:
    if as_json:
        print_json(_members(acted, dry_run=dry_run))
    elif dry_run:
        print(f"{_events(acted.count)} would be {done}.")
        print("".join(f"  {count:>10,}  {type_}\n" for type_, count in acted.by_type.items()), end="")
    else:
        print(_told(acted, done))
    for refusal in acted.refused.values():
        say_error(refusal.detail)


async def _go_through(settings: "Settings", acting: "Acting", done: str) -> "Acted":
    """A call after the other until there is no more; what is done already is told if one of them fails."""
    from headrace.bootstrap import open_operator
    from headrace.flow.operate import Acted

    count = asked = 0
    refused: dict[UUID, HeadraceError] = {}
    by_type: Counter[str] = Counter()
    async with open_operator(settings) as operator:
        after = UUID(int=0)
        while True:
            try:
                acted = await acting(operator, after)
            except HeadraceError:
                if count:
                    say_error(f"{_events(count)} {done} before this:")
                raise
            count, asked = count + acted.count, asked + acted.asked
            refused |= acted.refused
            by_type.update(acted.by_type)
            if acted.next_cursor is None:
                return Acted(count, asked, refused, dict(sorted(by_type.items())))
            after = acted.next_cursor
            say_error(f"{_events(count)} so far …")


def _told(acted: "Acted", done: str) -> str:
    """What came of an act. What a worker still runs is not done yet."""
    ended = acted.count - acted.asked
    told = f"{_events(ended)} {_are(ended)} {done}."
    if not acted.asked:
        return told
    held = "a worker, which ends it" if acted.asked == 1 else "workers, which end them"
    running = f"{_events(acted.asked)} {_are(acted.asked)} held by {held} within seconds."
    return f"{told} {running}" if ended else running


def _are(count: int) -> str:
    return "is" if count == 1 else "are"


def _members(acted: "Acted", *, dry_run: bool) -> dict[str, Any]:
    refused = [
        {"id": event_id, "code": error.code, "detail": error.detail} for event_id, error in acted.refused.items()
    ]
    return {
        "dry_run": dry_run,
        "count": acted.count,
        "asked": acted.asked,
        "by_type": dict(acted.by_type),
        "refused": refused,
    }


def _events(count: int) -> str:
    return f"{count:,} event{'' if count == 1 else 's'}"
