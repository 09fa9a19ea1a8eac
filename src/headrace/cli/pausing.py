"""The commands that hold work back and let it go: `pause`, `resume`. They work on the database itself."""

import asyncio
import re
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Annotated

import typer

from headrace.cli.names import check_types
from headrace.cli.output import JsonOption, print_json

if TYPE_CHECKING:
    from headrace.flow.operate import Operator
    from headrace.store.pausing import PausedTarget, Target

_All = Annotated[bool, typer.Option("--all", help="Everything.")]
_Types = Annotated[list[str] | None, typer.Option("--type", help="Events of this type; may be repeated.")]
_Queues = Annotated[list[str] | None, typer.Option("--queue", help="What is in this queue; may be repeated.")]


def pause(everything: _All = False, types: _Types = None, queues: _Queues = None, as_json: JsonOption = False) -> None:
    """Let no more runs start; those under way finish, and events are accepted as ever. It holds until `resume`."""
    paused, notes = asyncio.run(_pause(_targets(everything, types, queues)))
    if as_json:
        print_json({"paused": [each.members() for each in paused], "notes": notes})
        return
    _tell(paused, notes)


def resume(everything: _All = False, types: _Types = None, queues: _Queues = None, as_json: JsonOption = False) -> None:
    """Let runs start again that `pause` holds back; `--all` ends every pause."""
    paused = asyncio.run(_resume(_targets(everything, types, queues)))
    if as_json:
        print_json({"paused": [each.members() for each in paused]})
    else:
        _tell(paused)


def _targets(everything: bool, types: list[str] | None, queues: list[str] | None) -> "list[Target]":
    from headrace.settings.kinds import QUEUE_PATTERN
    from headrace.store.pausing import Scope, Target

    for name in queues or ():
        if not re.fullmatch(QUEUE_PATTERN, name):
            raise typer.BadParameter("the name of a queue is 1 to 64 of a-z, 0-9, dot, _ and -")
    targets = [Target(Scope.ALL)] if everything else []
    targets += [Target(Scope.TYPE, name) for name in check_types(types)]
    targets += [Target(Scope.QUEUE, name) for name in queues or ()]
    if not targets:
        raise typer.BadParameter("say --all, or name a --type or a --queue")
    return targets


async def _pause(targets: "list[Target]") -> "tuple[list[PausedTarget], list[str]]":
    async with _operator() as operator:
        await operator.pause(targets)
        return await operator.paused(), await operator.notes_on(targets)


async def _resume(targets: "list[Target]") -> "list[PausedTarget]":
    async with _operator() as operator:
        await operator.resume(targets)
        return await operator.paused()


def _operator() -> "AbstractAsyncContextManager[Operator]":
    from headrace.bootstrap import open_operator
    from headrace.settings import load_settings

    return open_operator(load_settings())


def _tell(paused: "list[PausedTarget]", notes: Sequence[str] = ()) -> None:
    from headrace.cli.showing.words import plain

    for each in paused:
        what = plain(f"{each.target.scope} {each.target.name}".strip())
        print(f"paused  {what}  since {each.since:%Y-%m-%d %H:%M:%S%z}  by {plain(each.actor)}")
    if not paused:
        print("Nothing is paused. What was set aside runs within seconds.")
    for note in notes:
        print(plain(note))
