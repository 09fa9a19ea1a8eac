"""Performing what the commands that act on events ask for, and telling what came of it."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

import typer

from headrace.cli.output import FAILED, print_json, say_error
from headrace.domain.selection import Selection
from headrace.errors import HeadraceError, InvalidQuery, InvalidSelection

if TYPE_CHECKING:
    from headrace.flow.operate import Acted, Operator
    from headrace.settings import Settings

    Acting = Callable[[Operator, Selection, UUID], Awaitable[Acted]]


def act(
    done: str,
    acting: "Acting",
    meant: Selection,
    *,
    dry_run: bool,
    as_json: bool,
    app: str | None = None,
    needs_app: bool = False,
) -> None:
    """Act on what is meant, tell what is `done`, and exit 1 if an event that is named was left alone."""
    from headrace.bootstrap import load_app
    from headrace.settings import load_settings

    settings = load_settings(app=app)
    if needs_app:
        load_app(settings)
    try:
        acted = asyncio.run(go_through(settings, acting, meant, done))
    except (InvalidQuery, InvalidSelection) as error:
        raise typer.BadParameter(error.detail) from None
    tell(acted, done, dry_run=dry_run, as_json=as_json)
    if acted.refused:
        raise typer.Exit(FAILED)


def tell(acted: "Acted", done: str, *, dry_run: bool, as_json: bool) -> None:
    """Print what came of an act, and why events were left alone."""
    if as_json:
        print_json(_members(acted, dry_run=dry_run))
    elif dry_run:
        print(f"{so_many(acted.count)} would be {done}.")
        print("".join(f"  {count:>10,}  {type_}\n" for type_, count in acted.by_type.items()), end="")
    else:
        print(_told(acted, done))
    for refusal in acted.refused.values():
        say_error(refusal.detail)


async def go_through(settings: "Settings", acting: "Acting", meant: Selection, done: str) -> "Acted":
    """A call after the other until there is no more; what is done already is told if one of them fails."""
    from headrace.flow.operate import Acted

    count = asked = 0
    refused: dict[UUID, HeadraceError] = {}
    by_type: Counter[str] = Counter()
    async with _calls(settings, acting, meant) as call:
        after = UUID(int=0)
        while True:
            try:
                acted = await call(after)
            except HeadraceError:
                if count:
                    say_error(f"{so_many(count)} {done} before this:")
                raise
            count, asked = count + acted.count, asked + acted.asked
            refused |= acted.refused
            by_type.update(acted.by_type)
            if acted.next_cursor is None:
                return Acted(count, asked, refused, dict(sorted(by_type.items())))
            after = acted.next_cursor
            say_error(f"{so_many(count)} so far …")


@asynccontextmanager
async def _calls(
    settings: "Settings", acting: "Acting", meant: Selection
) -> "AsyncIterator[Callable[[UUID], Awaitable[Acted]]]":
    """A call on what is meant from an id on; of a query on what the search finds."""
    from headrace.bootstrap import open_copy, open_operator
    from headrace.flow.operate import MOST, act_on_hits

    async with open_operator(settings) as operator:
        if meant.query is None:
            yield partial(acting, operator, meant)
            return
        async with open_copy(settings) as access:

            def act_on(hits: Selection) -> "Awaitable[Acted]":
                return acting(operator, hits, UUID(int=0))

            yield lambda after: act_on_hits(access.copy, meant, act_on, after=after, most=MOST)


def _told(acted: "Acted", done: str) -> str:
    """What came of an act. What a worker still runs is not done yet."""
    ended = acted.count - acted.asked
    told = f"{so_many(ended)} {_are(ended)} {done}."
    if not acted.asked:
        return told
    held = "a worker, which ends it" if acted.asked == 1 else "workers, which end them"
    running = f"{so_many(acted.asked)} {_are(acted.asked)} held by {held} within seconds."
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


def so_many(count: int) -> str:
    """So many events, in words."""
    return f"{count:,} event{'' if count == 1 else 's'}"
