"""What `python -m bench` can be told."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.rows.catalogue import ROWS
from bench.trials import FULL, QUICK, Scale

#: Rounds of a whole run, and of a quick one.
ROUNDS, QUICK_ROUNDS = 3, 1

#: What the order of the trials comes from, if nothing is told.
SEED = 6


@dataclass(frozen=True, slots=True)
class Options:
    """What is measured, how long, and where the raw figures go."""

    quick: bool
    rows: Sequence[str]
    #: None: all.
    systems: Sequence[str] | None
    rounds: int
    seed: int
    json: Path | None

    @property
    def scale(self) -> Scale:
        """How long each trial lasts."""
        return QUICK if self.quick else FULL


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def known_rows(text: str) -> list[str]:
    """The rows that a word on the command line names. Raises ArgumentTypeError for one that is not there."""
    unknown = set(_words(text)) - set(ROWS)
    if unknown:
        raise argparse.ArgumentTypeError(f"no row is called {', '.join(sorted(unknown))}; there are {', '.join(ROWS)}")
    return _words(text)


def parse(words: Sequence[str]) -> Options:
    """The options; ends the program with a message if they are wrong."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure Headrace beside other systems.")
    parser.add_argument("--quick", action="store_true", help="one short round, in four minutes at most")
    parser.add_argument("--rows", type=known_rows, default=list(ROWS), help=f"some of {','.join(ROWS)}")
    parser.add_argument("--systems", type=_words, help="only these, as headrace,documented")
    parser.add_argument("--rounds", type=int, help=f"{ROUNDS} by default, {QUICK_ROUNDS} where it is quick")
    parser.add_argument("--seed", type=int, default=SEED, help="of the order of the trials")
    parser.add_argument("--json", type=Path, help="a file for every raw figure")
    given = parser.parse_args(words)
    rounds = given.rounds or (QUICK_ROUNDS if given.quick else ROUNDS)
    return Options(given.quick, given.rows, given.systems, rounds, given.seed, given.json)
