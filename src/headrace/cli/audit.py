"""The command `audit`: who did what."""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Annotated, Any

import typer

from headrace.cli.output import JsonOption, print_json, say_error

#: Rows that can be asked for at once.
MOST_ROWS = 1000


def audit(
    limit: Annotated[int, typer.Option(min=1, max=MOST_ROWS, help="How many rows at most.")] = 50,
    as_json: JsonOption = False,
) -> None:
    """List what operators did, by whom and to which events, the newest first. Times are in UTC. Needs no API."""
    from headrace.bootstrap import list_acts
    from headrace.cli.showing.words import moment, plain
    from headrace.settings import load_settings

    rows = asyncio.run(list_acts(load_settings(), limit))
    if as_json:
        print_json({"audit": [asdict(row) for row in rows]})
        return
    for row in rows:
        told = "  ".join(_told(row.detail))
        print(plain(f"{moment(row.moment.isoformat())}  {row.actor}  {row.act}  {told}"))
    if not rows:
        say_error("Nobody has done anything yet.")


def _told(detail: Mapping[str, Any]) -> Iterator[str]:
    """The members of a detail, less what others say as well."""
    from headrace.cli.showing.words import compact

    ids = detail.get("ids", ())
    for name, value in detail.items():
        if value and not (ids and name in ("first", "last")):
            yield f"{name} {value if isinstance(value, str) else compact(value)}"
