"""The command `search`: finished events by what is in them."""

from typing import Annotated, Any

import typer

from headrace.cli.names import check_names, check_types
from headrace.cli.output import JsonOption, print_json, print_lines, say_error

_Query = Annotated[
    list[str] | None,
    typer.Argument(metavar="QUERY…", help='Words, "phrases", field:value, created:>=2026-01-31, -not.'),
]


def search(
    query: _Query = None,
    states: Annotated[list[str] | None, typer.Option("--state", help="Only events in this state.")] = None,
    types: Annotated[list[str] | None, typer.Option("--type", help="Only events of this type.")] = None,
    key: Annotated[str | None, typer.Option(help="Only events with this ordering key.")] = None,
    since: Annotated[str | None, typer.Option(help="Only events accepted at this time or later, or ago: 2h.")] = None,
    until: Annotated[str | None, typer.Option(help="Only events accepted before this time, or ago.")] = None,
    index: Annotated[str | None, typer.Option(help="In this index, which a pipeline names.")] = None,
    facets: Annotated[bool, typer.Option("--facets", help="Count the hits by type, state and day.")] = False,
    limit: Annotated[int, typer.Option(help="How many at most.")] = 20,
    cursor: Annotated[str | None, typer.Option(help="Go on where a page ended.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Search the finished events, the newest first: headrace search refund state:failed payload.user.login:octocat.

    A query that begins with - comes after --: headrace search -- -refund.
    """
    from headrace.cli.client import call
    from headrace.settings import load_settings

    wanted = {
        "q": " ".join(query or ()),
        "state": states or [],
        "type": check_types(types),
        "key": check_names("--key", None if key is None else [key]),
        "since": _moment(since),
        "until": _moment(until),
        "index": index,
        "facets": facets or None,
        "limit": limit,
        "cursor": cursor,
    }
    given = {name: each for name, each in wanted.items() if each is not None}
    page = call(load_settings(), "GET", "/search", params=given)
    if as_json:
        print_json(page)
    else:
        _tell(page)


def _moment(text: str | None) -> str | None:
    from headrace.cli.moments import parse_moment
    from headrace.domain.clock import utc_now

    return None if text is None else parse_moment(text, utc_now()).isoformat()


def _tell(page: dict[str, Any]) -> None:
    from headrace.cli.showing.hits import facet_lines, hit_lines, remarks

    for hit in page["hits"]:
        print_lines(hit_lines(hit))
    if page["facets"] is not None:
        print_lines(facet_lines(page["facets"]))
    for remark in remarks(page):
        say_error(remark)
