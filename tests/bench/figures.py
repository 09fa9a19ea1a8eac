"""Trials that were made, without making them."""

from collections.abc import Sequence

from bench.services import Services
from bench.suite import Tried, Trouble
from bench.trials import Figure, Scale, Trial


async def _never(services: Services, scale: Scale) -> Sequence[Figure]:
    raise NotImplementedError


def tried(
    what: str, system: str, *values: float, body: str = "450 bytes", unit: str = "events/s", void: bool = False
) -> Tried:
    """A trial that gave one figure in each round."""
    troubles = [Trouble(len(values) + 1, "Void: a result is wrong", void=True)] if void else []
    return Tried(a_trial(system), [Figure(what, body, system, unit, value) for value in values], troubles)


def a_trial(system: str = "headrace", *, once: bool = False) -> Trial:
    return Trial("row", system, None, _never, once=once)
