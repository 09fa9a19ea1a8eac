"""The commands that examine what is stored: `verify`, `repair`."""

import asyncio
from collections.abc import Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from headrace.cli.output import FAILED, JsonOption, print_json, say_error

if TYPE_CHECKING:
    from headrace.flow.verify import Finding, Repair, Verdict

#: Nothing is allowed to be overdue for longer.
MOST_SECONDS = 31_536_000

#: Places that are printed of each fault; JSON has more.
_SHOWN = 5


def verify(
    overdue_seconds: Annotated[
        float, typer.Option(help="How long a run may be due, or a lease be over, before that is a fault.")
    ] = 60.0,
    as_json: JsonOption = False,
) -> None:
    """Examine every event, run and result. Exits 1 if anything is wrong, and says what to do about it."""
    if not 0 <= overdue_seconds <= MOST_SECONDS:
        raise typer.BadParameter(f"--overdue-seconds is from 0 to {MOST_SECONDS:,}, which is a year")
    from headrace.bootstrap import verify_storage
    from headrace.settings import load_settings

    verdict = asyncio.run(verify_storage(load_settings(), overdue_seconds))
    if as_json:
        print_json({"ok": not verdict.findings, "ledger": asdict(verdict.ledger), "findings": _as_json(verdict)})
    else:
        _print_verdict(verdict)
    if verdict.findings:
        raise typer.Exit(FAILED)


def repair(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Put right what `verify` finds, where that is safe. Exits 1 if something is left."""
    from headrace.bootstrap import repair_storage
    from headrace.settings import load_settings

    repairs = asyncio.run(repair_storage(load_settings(), dry_run=dry_run))
    if as_json:
        print_json({"dry_run": dry_run, "repairs": [asdict(each) for each in repairs]})
    else:
        _print_repairs(repairs, dry_run=dry_run)
    if any(each.refused for each in repairs):
        raise typer.Exit(FAILED)


def _as_json(verdict: "Verdict") -> list[dict[str, Any]]:
    return [{**asdict(found), "problem": found.problem, "remedy": found.remedy} for found in verdict.findings]


def _print_verdict(verdict: "Verdict") -> None:
    ledger = verdict.ledger
    finished = f"{ledger.succeeded:,} succeeded, {ledger.failed:,} failed, {ledger.cancelled:,} cancelled"
    print(f"{ledger.accepted:,} accepted: {ledger.unfinished:,} unfinished, {finished}, {ledger.erased:,} erased")
    for found in verdict.findings:
        _print_finding(found)
    if verdict.findings:
        say_error(f"Something is wrong: {', '.join(found.fault for found in verdict.findings)}")
    else:
        print("Nothing is wrong.")


def _print_finding(found: "Finding") -> None:
    print(f"\n{found.fault}: {found.problem} ({found.count:,})")
    _print_places(found.first, found.count)
    print(f"  -> {found.remedy}")


def _print_repairs(repairs: "list[Repair]", *, dry_run: bool) -> None:
    for each in repairs:
        verb = "would be" if dry_run else "is" if len(each.done) == 1 else "are"
        print(f"{each.fault}: {len(each.done):,} {verb} put right, {each.refused:,} left")
        _print_places(each.done, len(each.done))
        if each.reason is not None:
            print(f"  -> {each.reason}")
    if not repairs:
        print("Nothing is wrong.")


def _print_places(places: Iterable[str], count: int) -> None:
    shown = list(places)[:_SHOWN]
    for place in shown:
        print(f"  {place}")
    if count > len(shown):
        print(f"  and {count - len(shown):,} more")
