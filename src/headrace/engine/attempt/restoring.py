"""Taking over what earlier attempts at a run finished.

An output counts if the `version=` and the output type of its node, and of every node before it, are what they were. Of
one that a replay carried over from a result, that is not known (`ANY_VERSION`): it counts if its node can read it.
Where a replay begins at a node, `spares` names what is called again although another node had let the run end before.
"""

from collections.abc import Mapping
from typing import Any

from headrace.domain.payload import decode
from headrace.domain.progress import ANY_VERSION, WHOLE, Checkpoint, Kept
from headrace.engine.attempt.board import Board, StepState
from headrace.engine.attempt.journal import Journal
from headrace.engine.attempt.routing import chosen_names
from headrace.engine.plan import Plan, Step
from headrace.engine.shapes import Router


def restore(plan: Plan, kept: Kept, board: Board, journal: Journal, values: dict[str, Any]) -> list[int]:
    """Mark what is finished, and answer the steps that can start."""
    if not kept.checkpoints:
        return board.start()
    whole = {checkpoint.node: checkpoint for checkpoint in kept.checkpoints if checkpoint.item == WHOLE}
    opened: list[int] = []
    for step in plan.steps:
        checkpoint = whole.get(step.name)
        if checkpoint is not None and checkpoint.version in (step.version, ANY_VERSION):
            opened += _restore_step(step, checkpoint, board, journal, values)
    _stop(plan, whole, board)
    started = [at for at in dict.fromkeys(opened) if board.states[at] is StepState.STARTED]
    return [*board.keep_started(started), *board.start()]


def _stop(plan: Plan, whole: Mapping[str, Checkpoint], board: Board) -> None:
    """A node that let the run end still does: it stops nothing that was finished beside it."""
    for step in plan.steps:
        if board.states[step.position] is StepState.FINISHED:
            times = decode(whole[step.name].times)
            if times.get("finishes"):
                board.stop(times.get("spares", ()))


def _restore_step(
    step: Step, checkpoint: Checkpoint, board: Board, journal: Journal, values: dict[str, Any]
) -> list[int]:
    if checkpoint.output is None:
        journal.restore(checkpoint, None)
        return board.skip(step.position)
    try:
        output = step.codec.read(checkpoint.output)
    except ValueError:
        return []
    journal.restore(checkpoint, output)
    values[step.name] = output
    return board.finish(step.position, chosen_names(output) if isinstance(step.spec.shape, Router) else None)
