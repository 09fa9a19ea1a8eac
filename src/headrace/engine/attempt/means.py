"""What an execution needs from outside."""

import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import field

from headrace.domain.clock import Clock, utc_now
from headrace.domain.progress import Checkpoint
from headrace.domain.values import value
from headrace.engine.attempt.done import Done
from headrace.engine.injection.resources import Resources
from headrace.engine.places.processes import NodeProcesses
from headrace.engine.places.threads import NodeThreads
from headrace.engine.traces.leaving import TakeNote, drop_note

#: Stores checkpoints of the run; False where another process has taken it over.
StoreCheckpoints = Callable[[Sequence[Checkpoint]], Awaitable[bool]]


#: Takes a node's name and its output, as soon as it is there.
TakeOutput = Callable[[str, Done], None]


def drop_output(node: str, done: Done) -> None:
    """Where nobody looks on."""


#: Is given, as an attempt begins, what cancels it.
TakeCancel = Callable[[Callable[[], None]], None]


def drop_cancel(cancel: Callable[[], None]) -> None:
    """Where nobody cancels."""


@value()
class Means:
    """Threads and processes for nodes, opened resources, the time, chance in [0, 1), and where a run leaves things.

    Without `store`, nothing is stored before the attempt is over. `is_patient` says that no timeout counts.
    """

    threads: NodeThreads
    processes: NodeProcesses = field(default_factory=NodeProcesses)
    resources: Resources = field(default_factory=Resources)
    clock: Clock = utc_now
    chance: Callable[[], float] = random.random
    take_note: TakeNote = drop_note
    take_output: TakeOutput = drop_output
    take_cancel: TakeCancel = drop_cancel
    store: StoreCheckpoints | None = None
    is_patient: bool = False
