"""The commands about the search copy: `index verify`, `index rebuild`, `index refusals`."""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from headrace.cli.months import parse_month, told
from headrace.cli.output import FAILED, INTERRUPTED, JsonOption, print_json, print_lines, say_error
from headrace.errors import HeadraceError

if TYPE_CHECKING:
    from headrace.flow.project.examining import MonthVerdict
    from headrace.flow.project.rebuilding import Progress
    from headrace.settings import Settings
    from headrace.store.projections import Lag

commands = typer.Typer(
    help="Prove that the search copy holds what Postgres holds, and build it anew.", no_args_is_help=True
)

#: Differences and refusals that are listed of a month, and refusals that can be asked for at once.
SHOWN, MOST_REFUSALS = 20, 10_000


@commands.command()
def verify(
    full: Annotated[bool, typer.Option("--full", help="Compare every document whole, not a sample of them.")] = False,
    share: Annotated[
        float, typer.Option(metavar="SHARE", help="Which share of the documents is compared whole, from 0 to 1.")
    ] = 0.01,
    every: Annotated[bool, typer.Option("--all", help=f"List all that differs, not {SHOWN} of a month.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Compare the search copy with Postgres, month after month. Changes nothing. Exits 1 if anything differs.

    Ids and versions are compared of every event, and what the documents hold of a sample.
    """
    if not 0 <= share <= 1:
        raise typer.BadParameter("--share is from 0 to 1")
    from headrace.cli.showing.copy import chance_lines, summary_lines
    from headrace.settings import load_settings

    share = 1.0 if full else share
    shown = None if every or as_json else SHOWN
    verdicts, lag = asyncio.run(_verify(load_settings(), share, shown, as_json=as_json))
    differs = any(verdict.counts for verdict in verdicts)
    if as_json:
        print_json(_verdicts_as_json(verdicts, lag, share))
    else:
        print_lines([*summary_lines(verdicts, lag), *chance_lines(verdicts, share)])
    if differs:
        say_error("The search copy differs from Postgres. To build it anew: headrace index rebuild")
        raise typer.Exit(FAILED)


@commands.command()
def rebuild(
    first: Annotated[
        str | None, typer.Option("--from", metavar="MONTH", help="The first month, as 2026-11. A day means its month.")
    ] = None,
    last: Annotated[str | None, typer.Option("--to", metavar="MONTH", help="The last month.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Build the search copy anew out of Postgres, month after month, beside the one that readers see.

    Without --from and --to that is every month. If it breaks off, the same command goes on from there.
    """
    first_month, last_month = parse_month(first), parse_month(last)
    if first_month and last_month and first_month > last_month:
        raise typer.BadParameter("--from is a month after --to")
    from headrace.settings import load_settings

    done: list[Progress] = []
    try:
        asyncio.run(_rebuild(load_settings(), first_month, last_month, done))
    except KeyboardInterrupt:
        _print_broken_off(done, "Broken off.", as_json=as_json)
        raise typer.Exit(INTERRUPTED) from None
    except HeadraceError as error:
        if not done:
            raise
        _print_broken_off(done, error.detail, as_json=as_json)
        raise typer.Exit(FAILED) from None
    _print_rebuilt(done, as_json=as_json)


@commands.command()
def refusals(
    limit: Annotated[int, typer.Option(min=1, max=MOST_REFUSALS, help="How many at most.")] = 50,
    as_json: JsonOption = False,
) -> None:
    """List what the search copy does not take, since when and why. Needs neither the API nor the copy.

    It is sent again by itself once the copy's mapping has changed, and when its event gets another result.
    """
    from headrace.bootstrap import find_refusals
    from headrace.cli.showing.copy import refusal_lines
    from headrace.settings import load_settings

    found, count = asyncio.run(find_refusals(load_settings(), limit))
    if as_json:
        print_json({"count": count, "refusals": [asdict(each) for each in found]})
    else:
        print_lines(refusal_lines(found, count))
        if not found:
            say_error("The search copy refused nothing.")


async def _verify(
    settings: "Settings", share: float, shown: int | None, *, as_json: bool
) -> "tuple[list[MonthVerdict], Lag]":
    """The verdict on each month, printed as soon as it is there unless it is for programs."""
    from headrace.bootstrap import open_copy
    from headrace.cli.showing.copy import month_lines
    from headrace.cli.showing.progress import Bars
    from headrace.flow.project.examining import Examiner, MonthVerdict
    from headrace.store.projections import read_lag

    verdicts: list[MonthVerdict] = []
    async with open_copy(settings) as searching:
        examiner = Examiner(searching.database, searching.copy, searching.options, share, random.random, shown)
        with Bars() as bars:
            async for step in examiner.examine():
                if not isinstance(step, MonthVerdict):
                    bars.show(told(step.month), step.done, step.total)
                    continue
                verdicts.append(step)
                bars.clear()
                if not as_json:
                    print_lines(month_lines(step))
        async with searching.database.connection() as connection:
            return verdicts, await read_lag(connection, searching.database)


def _verdicts_as_json(verdicts: "Sequence[MonthVerdict]", lag: "Lag", share: float) -> dict[str, Any]:
    months = [{**asdict(verdict), "month": told(verdict.month)} for verdict in verdicts]
    for month in months:
        for difference in month["differences"]:
            difference["month"] = month["month"]
    differs = any(verdict.counts for verdict in verdicts)
    return {"ok": not differs, "share": share, "waiting": lag.waiting, "months": months}


async def _rebuild(settings: "Settings", first: str | None, last: str | None, done: "list[Progress]") -> None:
    """Build the months; how far each is, or was when it broke off, is in `done`."""
    from headrace.bootstrap import open_copy
    from headrace.cli.showing.progress import Bars
    from headrace.flow.project.comparing import months_to_compare
    from headrace.flow.project.rebuilding import Rebuilder, begin

    async with open_copy(settings) as searching:
        database, copy = searching.database, searching.copy
        there = await months_to_compare(database, await copy.parts())
        chosen = [month for month in there if (first or month) <= month <= (last or month)]
        months = await begin(database, copy, chosen)
        if len(months) < len(chosen):
            say_error(f"Going on with a rebuild that did not come to its end: {', '.join(map(told, months))}")
        rebuilder = Rebuilder(database, copy, searching.options, random.random)
        with Bars() as bars:
            for number, month in enumerate(months):
                async for step in rebuilder.rebuild(month):
                    done[number:] = [step]
                    bars.show(told(month), step.done, step.total)


def _print_broken_off(done: "Sequence[Progress]", reason: str, *, as_json: bool) -> None:
    if done:
        _print_rebuilt(done, as_json=as_json)
    say_error(f"{reason} What is built stays: the same command goes on from there.")


def _print_rebuilt(done: "Sequence[Progress]", *, as_json: bool) -> None:
    from headrace.cli.showing.copy import rebuilt_lines

    if as_json:
        print_json({"months": [{**asdict(each), "month": told(each.month)} for each in done]})
    else:
        print_lines(rebuilt_lines(done))
