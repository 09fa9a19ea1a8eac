"""`python -m bench.compare REF`: the quick set for another commit and for this checkout, in turns, as ratios."""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import orjson

from bench.options import known_rows
from bench.processes import ROOT
from bench.report import as_table, short
from bench.rows.catalogue import ROWS
from bench.suite import tell
from bench.systems.headrace.system import Headrace

#: Times that each commit has its turn.
ROUNDS = 3

#: What the quick set has of Headrace, but for the row that takes as long as all others.
USUAL_ROWS = [row for row in ROWS if row != "memory"]

#: A figure's name and body, and all that was measured of it.
Figures = Mapping[tuple[str, str], "Values"]


@dataclass(frozen=True, slots=True)
class Values:
    """One figure in all rounds."""

    unit: str
    rounds: Sequence[float]


def turns(rounds: int) -> list[bool]:
    """Whose turn it is, the other commit's or not: each round in the other order, so that a drift hurts both."""
    return [other for number in range(rounds) for other in ((True, False) if number % 2 == 0 else (False, True))]


def as_markdown(other: Figures, this: Figures, ref: str) -> str:
    """A row for each figure that both have."""
    rows = [
        [
            what,
            body,
            short(statistics.median(other[what, body].rounds)),
            short(statistics.median(mine.rounds)),
            f"{_ratio(other[what, body], mine)} ×",
            f"{_spread(other[what, body])}; {_spread(mine)}",
            mine.unit,
        ]
        for (what, body), mine in this.items()
        if (what, body) in other
    ]
    return as_table(["what", "body", ref, "now", "ratio", "spreads", "unit"], "llrrrll", rows)


def _ratio(other: Values, this: Values) -> str:
    before = statistics.median(other.rounds)
    return short(statistics.median(this.rounds) / before) if before else "-"


def _spread(values: Values) -> str:
    return f"{short(min(values.rounds))} to {short(max(values.rounds))}"


@contextmanager
def _checkout(ref: str) -> Iterator[Path]:
    """The commit's files in a folder of their own. Raises CalledProcessError for one that is not there."""
    with TemporaryDirectory(prefix="headrace-compare-") as name:
        folder = Path(name) / "checkout"
        _git("worktree", "add", "--detach", "--quiet", str(folder), ref)
        try:
            yield folder
        finally:
            _git("worktree", "remove", "--force", str(folder))


def _git(*words: str) -> None:
    git = shutil.which("git") or "git"
    subprocess.run([git, "-C", str(ROOT), *words], check=True)


def _measured(checkout: Path, rows: Sequence[str], into: dict[tuple[str, str], Values]) -> None:
    """One quick round of a checkout, by its own benchmark."""
    path = os.pathsep.join([str(checkout / "src"), str(checkout)])
    with TemporaryDirectory(prefix="headrace-compare-") as folder:
        raw = Path(folder) / "figures.json"
        words = ["--quick", "--rows", ",".join(rows), "--systems", Headrace.name, "--json", str(raw)]
        command = [sys.executable, "-m", "bench", *words]
        environment = {**os.environ, "PYTHONPATH": path}  # noqa: TID251  # not a setting of the product
        subprocess.run(command, cwd=checkout, env=environment, stdout=subprocess.DEVNULL, check=True)
        for figure in orjson.loads(raw.read_bytes())["figures"]:
            place = figure["what"], figure["body"]
            earlier = into[place].rounds if place in into else []
            into[place] = Values(figure["unit"], [*earlier, *figure["rounds"]])


def main() -> None:
    """Measure both and print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.compare", description=__doc__)
    parser.add_argument("ref", help="the other commit: a branch, a tag, a hash")
    parser.add_argument("--rows", type=known_rows, default=USUAL_ROWS, help=f"some of {','.join(ROWS)}")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    options = parser.parse_args()
    other: dict[tuple[str, str], Values] = {}
    this: dict[tuple[str, str], Values] = {}
    with _checkout(options.ref) as checkout:
        for number, is_other in enumerate(turns(options.rounds), 1):
            tell(f"turn {number} of {2 * options.rounds}: {options.ref if is_other else 'this checkout'}")
            _measured(checkout if is_other else ROOT, options.rows, other if is_other else this)
    print(as_markdown(other, this, options.ref))


if __name__ == "__main__":
    main()
