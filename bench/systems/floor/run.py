"""One measurement of the floor, in a process of its own: `python -m bench.systems.floor.run PART BODY EVENTS`.

Prints the seconds that it took.
"""

import argparse
import time
from collections.abc import Sequence

import uvloop
from pydantic_settings import BaseSettings, SettingsConfigDict

from bench.load.bodies import Body, Work, make_bodies
from bench.systems.floor.parts import Part
from bench.systems.floor.statements import BATCH, Floor, open_floor
from headrace.domain.event import NewEvent
from headrace.domain.ids import new_id


class Place(BaseSettings):
    """`FLOOR_DATABASE_URL`."""

    model_config = SettingsConfigDict(env_prefix="FLOOR_")

    database_url: str


def batches_of(body: Body, events: int) -> list[list[NewEvent]]:
    """The events in batches, made before anything is timed."""
    made = [NewEvent(new_id(), Work.TWO_STEPS.value, one) for one in make_bodies(body, events)]
    return [made[start : start + BATCH] for start in range(0, events, BATCH)]


async def insert(floor: Floor, batches: Sequence[Sequence[NewEvent]]) -> float:
    """Insert only."""
    began = time.perf_counter()
    for batch in batches:
        await floor.insert(batch)
    return time.perf_counter() - began


async def drain(floor: Floor, batches: Sequence[Sequence[NewEvent]]) -> float:
    """Claim and settle what was inserted."""
    await insert(floor, batches)
    began = time.perf_counter()
    while claimed := await floor.claim():
        await floor.settle(claimed)
    return time.perf_counter() - began


async def everything(floor: Floor, batches: Sequence[Sequence[NewEvent]]) -> float:
    """Insert, claim and settle, batch after batch."""
    began = time.perf_counter()
    for batch in batches:
        await floor.insert(batch)
        await floor.settle(await floor.claim())
    return time.perf_counter() - began


_PARTS = {Part.ACCEPT: insert, Part.PROCESS: drain, Part.END_TO_END: everything}


async def run(part: Part, body: Body, events: int) -> float:
    """The seconds that a part takes for so many events."""
    floor = await open_floor(Place().database_url)
    await floor.register()
    return await _PARTS[part](floor, batches_of(body, events))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="bench.systems.floor.run")
    parser.add_argument("part", type=Part)
    parser.add_argument("body", type=Body)
    parser.add_argument("events", type=int)
    arguments = parser.parse_args()
    print(uvloop.run(run(arguments.part, arguments.body, arguments.events)))


if __name__ == "__main__":
    main()
