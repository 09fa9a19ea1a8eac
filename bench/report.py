"""Figures beside their goals, as a table or as JSON."""

import os
import platform
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

import orjson


@dataclass(frozen=True, slots=True)
class Figure:
    """What was measured, in several rounds; `goal` is the most that it should be, where there is one."""

    what: str
    unit: str
    rounds: Sequence[float]
    goal: float | None = None

    @property
    def median(self) -> float:
        return statistics.median(self.rounds)

    @property
    def spread(self) -> str:
        """The least and the most of all rounds."""
        return f"{_short(min(self.rounds))} to {_short(max(self.rounds))}"

    @property
    def verdict(self) -> str:
        """Whether the median keeps to the goal."""
        if self.goal is None:
            return ""
        return "met" if self.median <= self.goal else "missed"


def machine() -> dict[str, object]:
    """Where it was measured."""
    return {
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
    }


def as_table(figures: Sequence[Figure]) -> str:
    """A table in Markdown, with a line on the machine below it."""
    rows = [["what", "unit", "median", "spread", "goal", ""], ["---", "---", "---:", "---:", "---:", "---"]]
    for figure in figures:
        goal = "" if figure.goal is None else f"≤ {_short(figure.goal)}"
        rows.append([figure.what, figure.unit, _short(figure.median), figure.spread, goal, figure.verdict])
    where = machine()
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    return f"{table}\n\n{where['python']}, {where['cores']} cores, {where['system']}"


def as_json(figures: Sequence[Figure]) -> str:
    """`{"machine", "figures": [{"what", "unit", "median", "rounds", "goal", "verdict"}]}`."""
    told = [
        {
            "what": figure.what,
            "unit": figure.unit,
            "median": figure.median,
            "rounds": list(figure.rounds),
            "goal": figure.goal,
            "verdict": figure.verdict or None,
        }
        for figure in figures
    ]
    return orjson.dumps({"machine": machine(), "figures": told}, option=orjson.OPT_INDENT_2).decode()


def _short(value: float) -> str:
    return f"{value:.3g}" if value < 100 else f"{value:,.0f}"
