"""The lead row's events: each asks a language model five times in a row, and how long that takes is fixed by a seed."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

#: The events' type.
TYPE = "bench.model"

#: Calls of an event, each in a node of its own.
CALLS = 5

#: A call takes between so many seconds, the shorter the likelier: each doubling has the same chance, 5.3 s on average.
SHORTEST_SECONDS, LONGEST_SECONDS = 0.5, 20.0

#: The share of calls whose first try fails, after half of the call's time.
FAILING = 0.05

#: After a failure the node waits so long, a fifth more or less: longer than a worker waits in its process.
BACKOFF_SECONDS = 2.0

#: Each call's answer has so many bytes.
ANSWER_BYTES = 20_000

#: All that is drawn by chance comes from this.
SEED = 20_261_125


@dataclass(frozen=True, slots=True)
class ModelCall:
    """One call of one event."""

    seconds: float
    fails_first: bool

    @property
    def awaited_seconds(self) -> float:
        """What its node awaits in all tries, without what lies between them."""
        return self.seconds * 1.5 if self.fails_first else self.seconds


def calls_of(number: int, scale: float = 1.0) -> Sequence[ModelCall]:
    """The calls of the event of this number; `scale` shortens the time that each takes."""
    chance = random.Random(f"{SEED} {number}")
    return [_draw(chance, scale) for _ in range(CALLS)]


def _draw(chance: random.Random, scale: float) -> ModelCall:
    seconds = SHORTEST_SECONDS * (LONGEST_SECONDS / SHORTEST_SECONDS) ** chance.random()
    return ModelCall(seconds * scale, chance.random() < FAILING)


def make_answers(count: int = 16) -> Sequence[str]:
    """Texts of `ANSWER_BYTES`, of words in no order: as compressible as prose is, about."""
    chance = random.Random(SEED)
    words = _WORDS.split()
    return [" ".join(chance.choices(words, k=ANSWER_BYTES // 4))[:ANSWER_BYTES] for _ in range(count)]


def make_body(number: int, scale: float) -> bytes:
    """The event of this number."""
    return b'{"type":"%s","number":%d,"scale":%r}' % (TYPE.encode(), number, scale)


#: The words of answers.
_WORDS = (
    "the customer order invoice parcel was sent not delivered because address street number payment account of to and "
    "in a is that we have you please refund within days after receipt contract clause general terms however therefore "
    "it can be found on page model summary first second third reason risk price total amount tax region team support "
    "question answer follows from given data according policy returned damaged missing complete partial agreement"
)
