"""What a user of Headrace writes for the lead row: five calls of a language model, each fed by the one before."""

import asyncio

from bench.load.model_calls import BACKOFF_SECONDS, TYPE, calls_of, make_answers
from headrace import EventSchema, Pipeline

ANSWERS = make_answers()

#: Calls that have failed once, by event and call.
failed: set[tuple[int, int]] = set()


class Asked(EventSchema, type=TYPE):
    number: int
    scale: float


asking = Pipeline("asking", Asked)


async def call_model(event: Asked, call: int, prompt: str) -> str:
    planned = calls_of(event.number, event.scale)[call]
    if planned.fails_first and (event.number, call) not in failed:
        failed.add((event.number, call))
        await asyncio.sleep(planned.seconds / 2)
        raise ConnectionError("the model is overloaded")
    await asyncio.sleep(planned.seconds)
    return ANSWERS[(event.number + len(prompt)) % len(ANSWERS)]


@asking.node(backoff=[BACKOFF_SECONDS], retries=5)
async def outline(event: Asked) -> str:
    return await call_model(event, 0, "outline this")


@asking.node(backoff=[BACKOFF_SECONDS], retries=5)
async def research(event: Asked, outline: str) -> str:
    return await call_model(event, 1, outline)


@asking.node(backoff=[BACKOFF_SECONDS], retries=5)
async def draft(event: Asked, research: str) -> str:
    return await call_model(event, 2, research)


@asking.node(backoff=[BACKOFF_SECONDS], retries=5)
async def review(event: Asked, draft: str) -> str:
    return await call_model(event, 3, draft)


@asking.node(backoff=[BACKOFF_SECONDS], retries=5)
async def final(event: Asked, review: str) -> str:
    return await call_model(event, 4, review)
