"""What a user of Headrace writes for this work."""

import asyncio

from bench.load.bodies import Work
from headrace import EventSchema, Pipeline


class Numbered(EventSchema):
    number: int


class TwoSteps(Numbered, type=Work.TWO_STEPS.value):
    pass


class Slow(Numbered, type=Work.SLOW.value):
    pass


class FortySteps(Numbered, type=Work.FORTY_STEPS.value):
    pass


two_steps = Pipeline("two-steps", TwoSteps)


@two_steps.node
async def first(event: TwoSteps) -> int:
    return event.number


@two_steps.node
async def second(first: int) -> int:
    return first + 1


slow = Pipeline("slow", Slow)


@slow.node
async def rest(event: Slow) -> int:
    await asyncio.sleep(1)
    return event.number


forty_steps = Pipeline("forty-steps", FortySteps)


async def light(event: FortySteps) -> int:
    return event.number


for position in range(40):
    light.__name__ = f"light_{position}"
    forty_steps.add_node(light)
