"""Which rounds a campaign has: decided by its options alone, and the same for the same seed."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from chaos.faults.fault import Fault
from chaos.options import Options

#: How long a fault acts in the short campaign, and at least in the long one.
SHORT_SECONDS, LEAST_LONG_SECONDS = 8.0, 60.0

#: What a round of the long campaign takes beside: healing, becoming quiet, checking.
BESIDE_SECONDS = 30.0

#: With fewer accepted events, or fewer kills that counted, a round is void.
SHORT_OK, LONG_OK = 200, 500
SHORT_KILLS, LONG_KILLS = 10, 50


class UnknownFault(ValueError):
    """A fault was asked for that there is not."""


@dataclass(frozen=True, slots=True)
class Round:
    """One fault for so many seconds; void with fewer accepted events, or fewer counted kills, than these."""

    number: int
    fault: Fault
    seed: int
    seconds: float
    least_ok: int
    least_kills: int

    @property
    def name(self) -> str:
        return f"{self.number:02}-{self.fault.name}"


def plan(options: Options, faults: Sequence[Fault], names: Sequence[str] = ()) -> list[Round]:
    """The rounds of the named faults, or of all that the campaign has, in their order. Raises UnknownFault."""
    chance = random.Random(options.seed)
    chosen = _named(names, faults) if names else _all(options, faults, chance)
    chance.shuffle(chosen)
    # Those that need a search copy come together: they share an installation.
    chosen.sort(key=lambda fault: fault.searches)
    seconds = SHORT_SECONDS
    if options.minutes is not None:
        seconds = max(LEAST_LONG_SECONDS, options.minutes * 60 / len(chosen) - BESIDE_SECONDS)
    least_ok, least_kills = (SHORT_OK, SHORT_KILLS) if options.is_short else (LONG_OK, LONG_KILLS)
    return [
        Round(number, fault, _seed(options, fault), seconds, least_ok, least_kills if fault.kills else 0)
        for number, fault in enumerate(chosen, start=1)
    ]


def _seed(options: Options, fault: Fault) -> int:
    """The same for a fault, whichever others the campaign has."""
    return random.Random(f"{options.seed} {fault.name}").randrange(2**31)


def _named(names: Sequence[str], faults: Sequence[Fault]) -> list[Fault]:
    known = {fault.name: fault for fault in faults}
    if missing := [name for name in names if name not in known]:
        raise UnknownFault(f"There is no fault {', '.join(missing)}: there are {', '.join(known)}.")
    return [known[name] for name in names]


def _all(options: Options, faults: Sequence[Fault], chance: random.Random) -> list[Fault]:
    """All of them; for the short campaign one of each family."""
    if not options.is_short:
        return list(faults)
    families = sorted({fault.family for fault in faults})
    return [chance.choice([fault for fault in faults if fault.family == family]) for family in families]
