"""What a row is made of: trials, each on services of its own, and the figures that they give."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from bench.load.bodies import Body
from bench.services import Services

#: Processes of a worker: one a core of the machine that the goals were set on.
WORKER_PROCESSES = 2


class Void(Exception):
    """What was measured does not count, because something was lost, refused or wrong."""


@dataclass(frozen=True, slots=True)
class Figure:
    """What one trial says of a system. `body` is empty where the size of the events does not matter."""

    what: str
    body: str
    system: str
    unit: str
    value: float


@dataclass(frozen=True, slots=True)
class Scale:
    """How long it is measured."""

    #: A load or a backlog lasts about so many seconds.
    seconds: float
    #: So many results are read back and compared.
    read_back: int
    #: A figure of many events, like memory, is taken with this part of them.
    part: float


#: A whole run, and a quick one.
FULL = Scale(seconds=3.0, read_back=1_000, part=1.0)
QUICK = Scale(seconds=2.0, read_back=200, part=0.03)


@dataclass(frozen=True, slots=True)
class Trial:
    """One measurement of one system, to be made in each round.

    `measure` gets services of its own, and raises Void if the figures do not count.
    """

    row: str
    system: str
    body: Body | None
    measure: Callable[[Services, Scale], Awaitable[Sequence[Figure]]]
    #: Made in the first round only.
    once: bool = False
    #: Left out of a quick run.
    whole_only: bool = False

    @property
    def title(self) -> str:
        """For messages."""
        return " · ".join(filter(None, [self.row, self.system, self.body]))
