"""The commands that send and show events: `send`, `events list`, `events show`."""

import json
from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

import typer

from headrace.cli.moments import AtOption, InOption, parse_delivery
from headrace.cli.output import JsonOption, MermaidOption, columns, print_json, print_lines, say_error
from headrace.domain.clock import utc_now
from headrace.domain.idempotency import check_key
from headrace.errors import InvalidIdempotencyKey

commands = typer.Typer(help="List and show events, and act on them.", no_args_is_help=True)


def send(
    type_: Annotated[str, typer.Argument(metavar="TYPE", help="The event's type.")],
    fields: Annotated[
        list[str] | None, typer.Argument(metavar="key=value…", help="Its fields. A value is JSON, else text.")
    ] = None,
    idempotency_key: Annotated[
        str | None, typer.Option(metavar="KEY", help="Sent again with it, the same event is stored once.")
    ] = None,
    at: AtOption = None,
    after: InOption = None,
    as_json: JsonOption = False,
) -> None:
    """Post one event to the API: headrace send ticket.opened subject=Hello urgent=true."""
    event = event_of(type_, fields or ())
    headers: dict[str, str | bytes] = {} if idempotency_key is None else {"Idempotency-Key": _key(idempotency_key)}
    deliver_at = parse_delivery(at, after, utc_now())
    if deliver_at is not None:
        headers["Headrace-Deliver-At"] = deliver_at.isoformat()
    from headrace.cli.client import call
    from headrace.settings import load_settings

    answer = call(load_settings(), "POST", "/events", json=event, headers=headers)
    if as_json:
        print_json(answer)
    else:
        print(f"{answer['id']}  {answer['type']}  {answer['state']}\nSee it: headrace events show {answer['id']}")


@commands.command("list")
def list_events(
    state: Annotated[list[str] | None, typer.Option(help="Only events in this state; may be repeated.")] = None,
    type_: Annotated[str | None, typer.Option("--type", help="Only events of this type.")] = None,
    limit: Annotated[int, typer.Option(help="How many at most.")] = 20,
    cursor: Annotated[str | None, typer.Option(help="Go on where a page ended.")] = None,
    as_json: JsonOption = False,
) -> None:
    """List events, newest first. Times are in UTC."""
    from headrace.cli.client import call
    from headrace.settings import load_settings

    wanted = {"limit": limit, "state": state or [], "type": type_, "cursor": cursor}
    given = {name: value for name, value in wanted.items() if value is not None}
    page = call(load_settings(), "GET", "/events", params=given)
    if as_json:
        print_json(page)
        return
    for event in page["events"]:
        reason = f" ({event['reason']})" if event["reason"] else ""
        print(f"{event['id']}  {event['created_at'][:19]}Z  {event['type']:30}  {event['state']}{reason}")
    if page["next_cursor"] is not None:
        say_error(f"There may be more: --cursor {page['next_cursor']}")
    elif not page["events"]:
        say_error("No events.")


@commands.command()
def show(
    id_: Annotated[str, typer.Argument(metavar="ID")],
    show_all: Annotated[bool, typer.Option("--all", help="Show every line and every value, whole.")] = False,
    as_json: JsonOption = False,
    as_mermaid: MermaidOption = False,
) -> None:
    """Show one event: what became of each node and when, its error, what it waits for, its outputs."""
    path = f"/events/{parse_id(id_)}"
    from headrace.cli.client import call
    from headrace.settings import load_settings

    settings = load_settings()
    if as_mermaid:
        print(call(settings, "GET", f"{path}/mermaid")["mermaid"])
        return
    event = call(settings, "GET", path)
    if as_json:
        print_json(event)
        return
    from headrace.cli.showing.event import event_lines

    print_lines(event_lines(event, columns(), show_all=show_all))


def parse_id(text: str) -> UUID:
    """The id that a text spells. Raises BadParameter."""
    try:
        return UUID(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no id of an event") from None


def _key(text: str) -> bytes:
    """The key as a header has it: without blanks around it, in UTF-8."""
    try:
        return check_key(text.strip()).encode()
    except InvalidIdempotencyKey as error:
        raise typer.BadParameter(error.detail) from None


def event_of(type_: str, fields: Sequence[str]) -> dict[str, Any]:
    """The event of a type with these fields, each `key=value`. Raises BadParameter."""
    event: dict[str, Any] = {"type": type_}
    for text in fields:
        key, separator, value = text.partition("=")
        if not separator or not key:
            raise typer.BadParameter(f"{text!r} is not of the form key=value")
        if key in event:
            raise typer.BadParameter(f"{key!r} is given twice")
        event[key] = _value(value)
    return event


def _value(text: str) -> Any:
    """The JSON that a text spells, else the text: not every NaN is meant as a number."""
    try:
        value = json.loads(text)
        json.dumps(value, allow_nan=False)
    except (ValueError, RecursionError):
        return text
    return value
