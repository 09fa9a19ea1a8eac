"""A program that takes its time to import, as those that load a model do."""

import time

from headrace import EventSchema, Pipeline

time.sleep(3)


class Late(EventSchema, type="late"):
    pass


late = Pipeline("late", Late)


@late.node
async def say(event: Late) -> str:
    return event.type
