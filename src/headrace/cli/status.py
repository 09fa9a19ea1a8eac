"""The command `status`: what a person on call asks first."""

import asyncio

import typer

from headrace.cli.output import FAILED, JsonOption, print_json, print_lines, say_error


def status(as_json: JsonOption = False) -> None:
    """Show what is due, waiting and paused, who works and who leads, and what to type next. Needs no API.

    Exits 1 while the database cannot be used: it is away, read-only, or such that nothing would start on it.
    """
    from headrace.bootstrap import look_around
    from headrace.settings import load_settings

    settings = load_settings()
    found = asyncio.run(look_around(settings))
    from headrace.cli.showing.situation import situation_of
    from headrace.cli.showing.status import status_lines

    situation = situation_of(found)
    if as_json:
        print_json(situation)
    else:
        print_lines(status_lines(situation))
    if found.problem is not None:
        say_error(f"{found.problem}")
        raise typer.Exit(FAILED)
