"""Figures over all rounds, and the goals beside them. Pure arithmetic."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bench.goals import GOALS, MEASURED, REFERENCES, VOID_BELOW, Goal
from bench.load.bodies import Body
from bench.suite import Tried
from bench.systems.documented.system import Documented

#: What a figure is of: its name, the body, the system.
Place = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Measured:
    """One figure of one system, in every round that gave it."""

    what: str
    body: str
    system: str
    unit: str
    rounds: Sequence[float]
    is_void: bool = False

    @property
    def median(self) -> float:
        return statistics.median(self.rounds)


#: All figures, in the order of the table.
Table = Mapping[Place, Measured]


@dataclass(frozen=True, slots=True)
class Verdict:
    """A goal and what came of it. `reached` is None where a figure is missing or void."""

    goal: Goal
    reached: float | None

    @property
    def word(self) -> str:
        """ "met" or "missed"; "not measured" without a figure."""
        if self.reached is None:
            return "not measured"
        keeps = self.reached >= self.goal.limit if self.goal.least else self.reached <= self.goal.limit
        return "met" if keeps else "missed"


def table_of(made: Sequence[Tried]) -> Table:
    """The figures of all trials."""
    rounds: dict[Place, list[float]] = {}
    units: dict[Place, str] = {}
    void: set[Place] = set()
    for tried in made:
        for figure in tried.figures:
            place = figure.what, figure.body, figure.system
            rounds.setdefault(place, []).append(figure.value)
            units[place] = figure.unit
            if tried.is_void:
                void.add(place)
    return {place: Measured(*place, units[place], values, place in void) for place, values in rounds.items()}


def ratio(table: Table, measured: Measured) -> float | None:
    """How many times the figure of the system that all is compared with; None where there is none."""
    other = table.get((REFERENCES.get(measured.what, measured.what), measured.body, Documented.name))
    return None if other is None or other.is_void or other.median == 0 else measured.median / other.median


def verdicts_of(table: Table) -> list[Verdict]:
    """Every goal."""
    return [Verdict(goal, _reached(table, goal)) for goal in GOALS]


def _reached(table: Table, goal: Goal) -> float | None:
    measured = table.get((goal.what, goal.body, MEASURED))
    if measured is None or measured.is_void:
        return None
    if goal.against is None:
        return measured.median
    what, system = goal.against
    other = table.get((what, goal.body, system))
    return None if other is None or other.is_void or other.median == 0 else measured.median / other.median


def why_void(table: Table, cores: int) -> Sequence[str]:
    """Why the whole run does not count: on two cores, the system that all is compared with was too slow."""
    if cores != 2:
        return []
    found = [(table.get((what, Body.SMALL, Documented.name)), least) for what, least in VOID_BELOW.items()]
    return [
        f"{measured.what}: {measured.system} reached {measured.median:,.0f} {measured.unit}, below {least:,.0f}"
        for measured, least in found
        if measured is not None and measured.median < least
    ]
