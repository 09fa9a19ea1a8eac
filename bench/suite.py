"""Making all trials, in an order that chance gives anew in each round."""

import asyncio
import random
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from bench.services import running_services
from bench.trials import Figure, Scale, Trial, Void

#: A trial that takes longer has failed.
TRIAL_SECONDS = 900.0


@dataclass(frozen=True, slots=True)
class Trouble:
    """A trial that gave no figures. If it is `void`, those of its other rounds do not count either."""

    round: int
    why: str
    void: bool


@dataclass(slots=True)
class Tried:
    """A trial and what came of it, round after round."""

    trial: Trial
    figures: list[Figure] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)

    @property
    def is_void(self) -> bool:
        """Whether its figures do not count."""
        return any(trouble.void for trouble in self.troubles)


Told = Callable[[str], None]


def tell(line: str) -> None:
    """Where people look while it runs."""
    print(line, file=sys.stderr, flush=True)


async def run(
    trials: Sequence[Trial], scale: Scale, rounds: int, chance: random.Random, told: Told = tell
) -> Sequence[Tried]:
    """Make every trial in each round; one that fails spoils no other. The results are in the order of `trials`."""
    made = [Tried(trial) for trial in trials]
    for number in range(1, rounds + 1):
        for tried in order_of(made, number, chance):
            await _try(tried, number, scale, told)
    return made


def order_of(made: Sequence[Tried], number: int, chance: random.Random) -> list[Tried]:
    """The trials of a round, shuffled; what is made once is made in the first."""
    due = [tried for tried in made if number == 1 or not tried.trial.once]
    return chance.sample(due, len(due))


async def _try(tried: Tried, number: int, scale: Scale, told: Told) -> None:
    began = time.monotonic()
    try:
        figures = await _measure(tried.trial, scale)
    except Exception as error:  # noqa: BLE001 - the trouble of one system must not cost the figures of the others
        trouble = Trouble(number, f"{type(error).__name__}: {error}", isinstance(error, Void))
        tried.troubles.append(trouble)
        result = trouble.why
    else:
        tried.figures += figures
        result = ", ".join(f"{figure.what}: {figure.value:,.4g} {figure.unit}" for figure in figures)
    told(f"round {number} · {tried.trial.title} · {time.monotonic() - began:.0f} s · {result}")


async def _measure(trial: Trial, scale: Scale) -> Sequence[Figure]:
    async with asyncio.timeout(TRIAL_SECONDS), running_services() as services:
        return await trial.measure(services, scale)
