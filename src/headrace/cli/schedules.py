"""The commands about schedules: `schedule create`, `change`, `list`, `show`, `pause`, `resume`, `run`, `delete`."""

from typing import Annotated, Any
from urllib.parse import quote

import typer

from headrace.cli.events import event_of
from headrace.cli.output import JsonOption, print_json, print_lines, say_error

commands = typer.Typer(help="Let events recur: by cron, at an interval, or once.", no_args_is_help=True)

_Name = Annotated[str, typer.Argument(metavar="NAME")]


_Fields = Annotated[
    list[str] | None, typer.Argument(metavar="key=value…", help="Its fields. A value is JSON, else text.")
]
_Cron = Annotated[str | None, typer.Option(help="When: minute hour day month weekday, as '0 9 * * MON-FRI'.")]
_Timezone = Annotated[str | None, typer.Option(help="The time zone of --cron, as Europe/Berlin; else UTC.")]
_Every = Annotated[str | None, typer.Option(metavar="DURATION", help="When: again after 90s, 15m, 2h, 7d.")]
_FromFinish = Annotated[
    bool, typer.Option("--from-finish", help="With --every: after the event of the last tick is finished.")
]
_At = Annotated[str | None, typer.Option(metavar="TIME", help="When: once, as 2030-01-31T18:00:00Z.")]
_CatchUp = Annotated[str | None, typer.Option(help="Of missed ticks fire: skip (none), one, all.")]
_Overlap = Annotated[
    str | None, typer.Option(help="While the last event is unfinished: allow, skip, queue, cancel-previous.")
]
_Jitter = Annotated[str | None, typer.Option(metavar="DURATION", help="Deliver up to so much later.")]
_StartsAt = Annotated[str | None, typer.Option(metavar="TIME", help="No tick before.")]
_EndsAt = Annotated[str | None, typer.Option(metavar="TIME", help="No tick after.")]
_Queue = Annotated[str | None, typer.Option(help="The queue of its events.")]


@commands.command()
def create(
    name: _Name,
    type_: Annotated[str, typer.Argument(metavar="TYPE", help="The type of its events.")],
    fields: _Fields = None,
    cron: _Cron = None,
    timezone: _Timezone = None,
    every: _Every = None,
    from_finish: _FromFinish = False,
    at: _At = None,
    catch_up: _CatchUp = None,
    overlap: _Overlap = None,
    jitter: _Jitter = None,
    starts_at: _StartsAt = None,
    ends_at: _EndsAt = None,
    queue: _Queue = None,
    as_json: JsonOption = False,
) -> None:
    """Let an event recur: headrace schedule create digest digest.due --cron '0 9 * * MON-FRI'."""
    body = _given(
        cron=cron,
        timezone=timezone,
        every=every,
        from_finish=from_finish,
        at=at,
        catch_up=catch_up,
        overlap=overlap,
        jitter=jitter,
        starts_at=starts_at,
        ends_at=ends_at,
        queue=queue,
    )
    schedule = _call("POST", "", json={"name": name, "event": event_of(type_, fields or ()), **body})
    _tell(schedule, as_json=as_json)


@commands.command()
def change(
    name: _Name,
    fields: _Fields = None,
    type_: Annotated[str | None, typer.Option("--type", metavar="TYPE", help="The type of its events.")] = None,
    cron: _Cron = None,
    timezone: _Timezone = None,
    every: _Every = None,
    from_finish: _FromFinish = False,
    at: _At = None,
    catch_up: _CatchUp = None,
    overlap: _Overlap = None,
    jitter: _Jitter = None,
    starts_at: _StartsAt = None,
    ends_at: _EndsAt = None,
    queue: _Queue = None,
    as_json: JsonOption = False,
) -> None:
    """Change what is given, and leave the rest: headrace schedule change digest --cron '0 8 * * MON-FRI'.

    Fields that are given are all that its events have from then on.
    """
    body = _given(
        cron=cron,
        timezone=timezone,
        every=every,
        from_finish=from_finish,
        at=at,
        catch_up=catch_up,
        overlap=overlap,
        jitter=jitter,
        starts_at=starts_at,
        ends_at=ends_at,
        queue=queue,
    )
    if type_ is not None or fields:
        body["event"] = event_of(type_ or _call("GET", _path(name))["type"], fields or ())
    if not body:
        raise typer.BadParameter("say what to change: key=value, or one of the options")
    _tell(_call("PATCH", _path(name), json=body), as_json=as_json)


@commands.command("list")
def list_schedules(
    cursor: Annotated[str, typer.Option(help="Go on where a page ended.")] = "",
    limit: Annotated[int, typer.Option(help="How many at most.")] = 50,
    as_json: JsonOption = False,
) -> None:
    """List schedules by their names, with the next tick of each. Times are in UTC."""
    page = _call("GET", "", params={"cursor": cursor, "limit": limit})
    if as_json:
        print_json(page)
        return
    from headrace.cli.showing.schedule import list_lines

    print_lines(list_lines(page["schedules"]))
    if page["next_cursor"] is not None:
        say_error(f"There may be more: --cursor {page['next_cursor']}")
    elif not page["schedules"]:
        say_error("No schedules.")


@commands.command()
def show(name: _Name, as_json: JsonOption = False) -> None:
    """Show a schedule: its event, the next ten ticks, and the last ten with what became of their events."""
    _tell(_call("GET", _path(name)), as_json=as_json)


@commands.command()
def pause(name: _Name, as_json: JsonOption = False) -> None:
    """Fire no tick until it is resumed; what passes meanwhile is not missed."""
    _tell(_call("POST", f"{_path(name)}/pause"), as_json=as_json)


@commands.command()
def resume(name: _Name, as_json: JsonOption = False) -> None:
    """Go on with the next tick from now."""
    _tell(_call("POST", f"{_path(name)}/resume"), as_json=as_json)


@commands.command()
def run(name: _Name, as_json: JsonOption = False) -> None:
    """Send the event of a schedule now, beside its ticks."""
    answer = _call("POST", f"{_path(name)}/run")
    if as_json:
        print_json(answer)
    else:
        print(f"{answer['id']}\nSee it: headrace events show {answer['id']}")


@commands.command()
def delete(name: _Name, as_json: JsonOption = False) -> None:
    """Forget a schedule. Its events stay."""
    answer = _call("DELETE", _path(name))
    if as_json:
        print_json(answer)
    else:
        print(f"The schedule {name} is deleted.")


def _given(*, from_finish: bool, **settings: str | None) -> dict[str, Any]:
    """What is given of a schedule's settings, as the API has them."""
    finish = {"from": "finish"} if from_finish else {}
    return {**{name: each for name, each in settings.items() if each is not None}, **finish}


def _path(name: str) -> str:
    return f"/{quote(name, safe='')}"


def _call(method: str, path: str, **options: Any) -> Any:
    from headrace.cli.client import call
    from headrace.settings import load_settings

    return call(load_settings(), method, f"/schedules{path}", **options)


def _tell(schedule: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(schedule)
        return
    from headrace.cli.showing.schedule import schedule_lines

    print_lines(schedule_lines(schedule))
