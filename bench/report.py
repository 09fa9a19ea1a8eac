"""What was measured, as Markdown and as JSON: the goals first, as ratios, then every figure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson

from bench.goals import Goal
from bench.measured import Measured, Verdict, ratio, table_of, verdicts_of, why_void
from bench.suite import Tried


class Report:
    """All that came of a run. `about` is what `bench.machine` says, with the versions and the command."""

    def __init__(self, made: Sequence[Tried], about: Mapping[str, Any]) -> None:
        self._made = made
        self._about = about
        self._table = table_of(made)
        self._verdicts = [verdict for verdict in verdicts_of(self._table) if self._concerns(verdict.goal)]
        self._void = why_void(self._table, about["cores"])

    def as_markdown(self) -> str:
        """Two tables, what went wrong, and where it was measured."""
        parts = [self._voided(), self._goals(), self._figures(), self._troubles(), self._where()]
        return "\n\n".join(filter(None, parts))

    def as_json(self) -> bytes:
        """`{"about", "void", "goals", "figures": [{…, "rounds"}], "troubles"}`."""
        told = {
            "about": self._about,
            "void": self._void,
            "goals": [_goal_members(verdict) for verdict in self._verdicts],
            "figures": [self._figure_members(measured) for measured in self._table.values()],
            "troubles": [
                {"trial": tried.trial.title, "round": trouble.round, "void": trouble.void, "why": trouble.why}
                for tried in self._made
                for trouble in tried.troubles
            ],
        }
        return orjson.dumps(told, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)

    def _concerns(self, goal: Goal) -> bool:
        """Whether anything of the goal was tried: what is not asked for is not missed."""
        return any((goal.what, goal.body) == (what, body) for what, body, _ in self._table)

    def _voided(self) -> str:
        return "\n".join(f"**This run is void.** {reason}." for reason in self._void)

    def _goals(self) -> str:
        head = ["goal", "body", "reached", "limit", ""]
        return as_table(head, "llrrl", (_goal_cells(verdict) for verdict in self._verdicts))

    def _figures(self) -> str:
        head = ["what", "body", "system", "ratio", "median", "spread", "unit"]
        return as_table(head, "lllrrrl", (self._figure_cells(measured) for measured in self._table.values()))

    def _figure_cells(self, measured: Measured) -> list[str]:
        times = ratio(self._table, measured)
        return [
            measured.what,
            measured.body,
            measured.system,
            "" if times is None else f"{short(times)} ×",
            "void" if measured.is_void else short(measured.median),
            f"{short(min(measured.rounds))} to {short(max(measured.rounds))}",
            measured.unit,
        ]

    def _figure_members(self, measured: Measured) -> dict[str, Any]:
        return {
            "what": measured.what,
            "body": measured.body,
            "system": measured.system,
            "unit": measured.unit,
            "median": measured.median,
            "rounds": measured.rounds,
            "ratio": ratio(self._table, measured),
            "void": measured.is_void,
        }

    def _troubles(self) -> str:
        found = [
            f"- {tried.trial.title}, round {trouble.round}: {trouble.why}"
            for tried in self._made
            for trouble in tried.troubles
        ]
        return "\n".join(["What gave no figure:", "", *found]) if found else ""

    def _where(self) -> str:
        about = self._about
        packages = ", ".join(f"{name} {found}" for name, found in about["versions"].items() if found is not None)
        parts = [
            f"{about['cores']} cores, {about['memory_bytes'] / 2**30:.0f} GiB, {about['system']}, {about['python']}",
            f"PostgreSQL {about['postgresql']}, Valkey {about['valkey']}",
            f"load average {about['load_average']:.1f} before it began",
            f"{about['date']}, commit {about['commit']}",
            f"`{' '.join(about['command'])}`",
        ]
        return f"{'; '.join(parts)}\n\n{packages}"


def as_table(head: Sequence[str], sides: str, rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown; `sides` has a letter for each column, `l` or `r`."""
    lines = [head, [{"l": "---", "r": "---:"}[side] for side in sides], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def short(value: float) -> str:
    """Three digits, or all of those before the point."""
    return f"{value:.3g}" if abs(value) < 100 else f"{value:,.0f}"


def _goal_cells(verdict: Verdict) -> list[str]:
    goal = verdict.goal
    sign, times = "≥" if goal.least else "≤", "" if goal.against is None else " ×"
    reached = "" if verdict.reached is None else f"{short(verdict.reached)}{times}"
    return [_named(goal), goal.body, reached, f"{sign} {short(goal.limit)}{times}", _word(verdict)]


def _named(goal: Goal) -> str:
    if goal.against is None:
        return goal.what
    what, system = goal.against
    return f"{goal.what}, against {system}" + ("" if what == goal.what else f" ({what})")


def _word(verdict: Verdict) -> str:
    return f"{verdict.word} (a wish)" if verdict.goal.wished else verdict.word


def _goal_members(verdict: Verdict) -> dict[str, Any]:
    goal = verdict.goal
    return {
        "what": goal.what,
        "body": goal.body,
        "against": goal.against,
        "limit": goal.limit,
        "least": goal.least,
        "wished": goal.wished,
        "reached": verdict.reached,
        "verdict": verdict.word,
    }
