"""The commands that hold work back and let it go: `pause`, `resume`. They work on the database itself."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated

import typer

from headrace.cli.output import JsonOption, print_json

if TYPE_CHECKING:
    from headrace.flow.operate import Operator
    from headrace.store.pausing import PausedTarget, Target

_All = Annotated[bool, typer.Option("--all", help="Everything.")]
_Types = Annotated[list[str] | None, typer.Option("--type", help="Events of this type; may be repeated.")]
_Queues = Annotated[list[str] | None, typer.Option("--queue", help="What is in this queue; may be repeated.")]


def pause(everything: _All = False, types: _Types = None, queues: _Queues = None, as_json: JsonOption = False) -> None:
    """Let no more runs start; those under way finish, and events are accepted as ever. It holds until `resume`."""
    targets = _targets(everything, types, queues)
    _tell(asyncio.run(_change(lambda operator: operator.pause(targets))), as_json=as_json)


def resume(everything: _All = False, types: _Types = None, queues: _Queues = None, as_json: JsonOption = False) -> None:
    """Let runs start again that `pause` holds back; `--all` ends every pause."""
    targets = _targets(everything, types, queues)
    _tell(asyncio.run(_change(lambda operator: operator.resume(targets))), as_json=as_json)


def _targets(everything: bool, types: list[str] | None, queues: list[str] | None) -> "list[Target]":
    from headrace.store.pausing import Scope, Target

    targets = [Target(Scope.ALL)] if everything else []
    targets += [Target(Scope.TYPE, name) for name in types or ()]
    targets += [Target(Scope.QUEUE, name) for name in queues or ()]
    if not targets:
        raise typer.BadParameter("say --all, or name a --type or a --queue")
    return targets


async def _change(act: "Callable[[Operator], Awaitable[object]]") -> "list[PausedTarget]":
    from headrace.bootstrap import open_operator
    from headrace.settings import load_settings

    async with open_operator(load_settings()) as operator:
        await act(operator)
        return await operator.paused()


def _tell(paused: "list[PausedTarget]", *, as_json: bool) -> None:
    if as_json:
        members = [
            {"scope": each.target.scope, "name": each.target.name, "since": each.since, "actor": each.actor}
            for each in paused
        ]
        print_json({"paused": members})
        return
    for each in paused:
        what = f"{each.target.scope} {each.target.name}".strip()
        print(f"paused  {what}  since {each.since:%Y-%m-%d %H:%M:%S%z}  by {each.actor}")
    if not paused:
        print("Nothing is paused. What was set aside runs within seconds.")
