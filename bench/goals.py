"""What Headrace is to reach, in one run: against another system, or as a figure of its own."""

from collections.abc import Sequence
from dataclasses import dataclass

from bench.engine_costs.names import HELD, MAPPED, NODE
from bench.load.bodies import Body
from bench.rows import disk, growth, later, llm, memory, overload, search, without_redis
from bench.rows.accept import BATCHES, SINGLE
from bench.rows.end_to_end import SATURATED, latency_of
from bench.rows.idle import CPU, FURTHER, STATEMENTS
from bench.rows.light_nodes import FORTY
from bench.rows.process import PROCESS
from bench.rows.slow_nodes import SLOW
from bench.systems.documented.system import Documented
from bench.systems.floor.system import Floor
from bench.systems.headrace.system import Headrace
from bench.systems.pgqueuer.system import PgQueuer


@dataclass(frozen=True, slots=True)
class Goal:
    """For the figure `what` of Headrace on `body`.

    With `against`, the figure and the system that it is divided by, the limit is that of the ratio.
    """

    what: str
    body: str
    limit: float
    #: Whether the limit is the least; else it is the most.
    least: bool = True
    against: tuple[str, str] | None = None
    #: A goal that is wished, not demanded.
    wished: bool = False


def _times(what: str, body: Body, limit: float, against: str, system: str, *, wished: bool = False) -> Goal:
    return Goal(what, body, limit, against=(against, system), wished=wished)


def _kept(body: Body, place: search.Place) -> list[Goal]:
    """What is left of the rates while the copy is kept."""
    process = search.process_of
    return [
        Goal(search.accept_kept_of(place), body, 0.9),
        _times(process(place), body, 0.9, process(search.Place.NOWHERE), Headrace.name),
    ]


_HAND = Documented.name

GOALS: Sequence[Goal] = (
    Goal(llm.ADDED, "", 10, least=False),
    _times(SINGLE, Body.SMALL, 12, SINGLE, _HAND),
    _times(SINGLE, Body.WEBHOOK, 8, SINGLE, _HAND),
    _times(BATCHES, Body.SMALL, 60, SINGLE, _HAND),
    _times(BATCHES, Body.WEBHOOK, 15, SINGLE, _HAND),
    _times(PROCESS, Body.SMALL, 30, PROCESS, _HAND),
    _times(PROCESS, Body.WEBHOOK, 30, PROCESS, _HAND),
    _times(PROCESS, Body.SMALL, 50, PROCESS, _HAND, wished=True),
    _times(PROCESS, Body.SMALL, 0.3, PROCESS, Floor.name),
    _times(PROCESS, Body.WEBHOOK, 0.3, PROCESS, Floor.name),
    _times(PROCESS, Body.SMALL, 0.5, PROCESS, Floor.name, wished=True),
    _times(PROCESS, Body.SMALL, 1, PROCESS, PgQueuer.name, wished=True),
    _times(SATURATED, Body.SMALL, 10, SATURATED, _HAND),
    Goal(latency_of(50, "p50"), Body.SMALL, 15, least=False),
    Goal(latency_of(50, "p99"), Body.SMALL, 50, least=False),
    Goal(overload.P99, Body.SMALL, 1_000, least=False),
    Goal(without_redis.HUNG, Body.SMALL, 1.5, least=False),
    Goal(without_redis.GONE, Body.SMALL, 1.5, least=False),
    Goal(SLOW, Body.SMALL, 3, least=False),
    Goal(f"{FORTY}, p50", Body.SMALL, 0.05, least=False),
    Goal(CPU, "", 2, least=False),
    Goal(STATEMENTS, "", 3, least=False),
    Goal(FURTHER, "", 0.6, least=False),
    Goal(NODE, "", 20, least=False),
    Goal(MAPPED, "", 1, least=False),
    Goal(HELD, "", 300, least=False),
    Goal(growth.ACCEPT, Body.SMALL, 0.9),
    Goal(growth.PROCESS, Body.SMALL, 0.9),
    Goal(growth.BACKLOG, Body.SMALL, 0.9),
    Goal(growth.STATS, Body.SMALL, 50, least=False),
    Goal(growth.VERIFY, Body.SMALL, 2, least=False),
    Goal(later.AT_REST, "", 3, least=False),
    Goal(f"{later.EVENTS}, {later.MOST}", Body.SMALL, 1_000, least=False),
    Goal(f"{later.SCHEDULES}, {later.MOST}", Body.SMALL, 1_000, least=False),
    *(
        goal
        for place in (search.Place.POSTGRES, search.Place.ELASTICSEARCH)
        for body in Body
        for goal in _kept(body, place)
    ),
    Goal(search.caught_up_of(search.Place.ELASTICSEARCH), Body.SMALL, 2_000),
    Goal(search.caught_up_of(search.Place.POSTGRES), Body.WEBHOOK, 500),
    Goal(search.FOUND, Body.SMALL, 20, least=False),
    Goal(search.VERIFIED, Body.SMALL, 60, least=False),
    Goal(disk.STORED, Body.WEBHOOK, 0.3, least=False),
    Goal(disk.WITH_SEARCH, Body.WEBHOOK, 1.2, least=False),
    Goal(memory.API, Body.SMALL, 150, least=False),
    Goal(memory.WORKER, Body.SMALL, 150, least=False),
    Goal(memory.growth_of(memory.API), Body.SMALL, 5, least=False),
    Goal(memory.growth_of(memory.WORKER), Body.SMALL, 5, least=False),
)

#: Of the system that everything is compared with: below so many events a second a run on two cores is void.
VOID_BELOW = {SINGLE: 200.0, PROCESS: 190.0}

#: The system that the goals are for.
MEASURED = Headrace.name

#: Figures that are compared with another one of the other system, because it has none of that name.
REFERENCES = {BATCHES: SINGLE}
