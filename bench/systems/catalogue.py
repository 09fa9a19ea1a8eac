"""All systems, and those that process, with the bodies that each is measured on."""

from collections.abc import Sequence
from dataclasses import dataclass

from bench.load.bodies import Body
from bench.systems.celery_late.system import CeleryLate, CeleryLateWithResults
from bench.systems.dbos.system import Dbos
from bench.systems.documented.system import Documented
from bench.systems.floor.system import Floor
from bench.systems.headrace.system import Headrace
from bench.systems.pgqueuer.system import PgQueuer
from bench.systems.procrastinate.system import Procrastinate
from bench.systems.system import MakesProcesses, Named

#: Both kinds of bodies.
BOTH = tuple(Body)


@dataclass(frozen=True, slots=True)
class Entry:
    """A system in the row "process"."""

    system: MakesProcesses
    bodies: Sequence[Body]
    #: Measured in the first round only.
    once: bool = False


#: The queues that are far from Headrace on small bodies are not measured on others: the run would be too long.
SMALL = (Body.SMALL,)

PROCESSING: Sequence[Entry] = (
    Entry(Headrace, BOTH),
    Entry(Documented, BOTH),
    Entry(CeleryLate, SMALL),
    Entry(CeleryLateWithResults, SMALL, once=True),
    Entry(PgQueuer, BOTH),
    Entry(Procrastinate, SMALL),
    Entry(Dbos, SMALL),
)

SYSTEMS: Sequence[Named] = (*(entry.system for entry in PROCESSING), Floor)
