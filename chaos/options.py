"""What a campaign is told on its command line."""

import argparse
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

#: Events a second that the load client sends, unless told otherwise.
EVENTS_PER_SECOND = 50.0


@dataclass(frozen=True, slots=True)
class Options:
    """A campaign's orders. Without `minutes` it is the short one; without `faults` it has all, or one a family.

    `broken` names the broken builds to try instead of the faults: None for no such trial, empty for all of them.
    """

    seed: int
    minutes: float | None = None
    faults: Sequence[str] = ()
    events_per_second: float = EVENTS_PER_SECOND
    broken: Sequence[str] | None = None
    folder: Path | None = None
    json_file: Path | None = None

    @property
    def is_short(self) -> bool:
        return self.minutes is None


def parse_options(words: Sequence[str]) -> Options:
    """The options that these words of a command line spell; ends the process on what cannot be understood."""
    given = _parser().parse_args(words)
    return Options(
        seed=secrets.randbelow(2**31) if given.seed is None else given.seed,
        minutes=given.minutes,
        faults=given.faults,
        events_per_second=given.events_per_second,
        broken=given.broken,
        folder=given.folder,
        json_file=given.json,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make chaos", description="Break a running Headrace, and look what is lost.")
    add = parser.add_argument
    add("--minutes", type=float, help="how long the long campaign takes; without it, a short one of 4 minutes at most")
    add("--seed", type=int, help="repeats the plan of an earlier campaign; random and printed otherwise")
    add("--faults", type=_names, default=(), metavar="F5,F9", help="only these")
    add("--events-per-second", type=float, default=EVENTS_PER_SECOND, help="the load (%(default)g)")
    add(
        "--broken",
        type=_names,
        nargs="?",
        const=(),
        metavar="NAME,NAME",
        help="try the builds that are broken on purpose, all or these: each must be caught",
    )
    add("--folder", type=Path, help="where everything is kept; else a temporary folder, kept after a failure")
    add("--json", type=Path, metavar="FILE", help="write the figures there as JSON")
    return parser


def _names(text: str) -> Sequence[str]:
    return tuple(name.strip() for name in text.split(",") if name.strip())
