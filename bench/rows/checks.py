"""What makes a figure count: everything was answered, nothing is missing, and results are what they must be."""

import random
from collections.abc import Sequence

import orjson

from bench.load.loops import Sent
from bench.systems.system import Accepts, Processes
from bench.trials import Void

#: What is read back is chosen by this seed.
SEED = 6


def check_answers(sent: Sequence[Sent]) -> None:
    """Raises Void unless every request was accepted."""
    refused = [one.answer for one in sent if one.answer is None or one.answer.status != 202]
    if refused:
        raise Void(f"{len(refused)} of {len(sent)} requests were not accepted, as {refused[0]}.")


async def check_stored(system: Accepts, events: int) -> None:
    """Raises Void if less is stored than was accepted."""
    stored = await system.stored()
    if stored < events:
        raise Void(f"{events} events were accepted, {stored} are stored.")


async def check_results(system: Processes, ids: Sequence[str], bodies: Sequence[bytes], count: int) -> None:
    """Read results back, chosen by chance, and raise Void if one is not what its event must give."""
    if not system.stores_results:
        return
    chosen = random.Random(SEED).sample(range(len(ids)), min(count, len(ids)))
    try:
        results = await system.read_back([ids[position] for position in chosen])
    except LookupError as error:
        raise Void(f"A finished event has no result: {error}") from error
    for position, result in zip(chosen, results, strict=True):
        sent = orjson.loads(bodies[position])
        expected = (sent["number"], sent["number"] + 1)
        if (result.first, result.second) != expected or result.data not in (None, sent):
            raise Void(f"The event {ids[position]} gave {result.first} and {result.second}, not {expected}.")
