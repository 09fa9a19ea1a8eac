"""Whether Redis answers, whether it would lose messages by design, and what lies in it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import redis
import redis.asyncio

from headrace.broker.config import celery_queue

#: Seconds that Redis has to answer a health check.
ANSWER_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class RedisView:
    """`problem` is None when Redis answers and evicts nothing, else it says what is wrong, in one sentence without
    the URL's secrets. `lengths` counts the messages that wait, by queue.
    """

    answers: bool
    problem: str | None = None
    lengths: Mapping[str, int] = field(default_factory=dict)


async def redis_problem(url: str) -> str | None:
    """What is wrong with Redis; None if nothing is."""
    return (await look_at_redis(url)).problem


async def look_at_redis(url: str, queues: Sequence[str] = ()) -> RedisView:
    """Ask it once. Never raises."""
    client = redis.asyncio.Redis.from_url(
        url, socket_timeout=ANSWER_SECONDS, socket_connect_timeout=ANSWER_SECONDS, decode_responses=True
    )
    try:
        lengths = {queue: int(await client.llen(celery_queue(queue))) for queue in queues}
        return RedisView(answers=True, problem=await _eviction(client), lengths=lengths)
    except (redis.RedisError, OSError) as error:
        told = f"does not answer ({type(error).__name__}); wake-ups are late by a few seconds, nothing is lost"
        return RedisView(answers=False, problem=told)
    finally:
        await client.aclose()


async def _eviction(client: "redis.asyncio.Redis") -> str | None:
    try:
        found = await client.config_get("maxmemory*")
    except redis.ResponseError:
        return None  # a managed server may hide its configuration
    policy = found.get("maxmemory-policy", "noeviction")
    if policy == "noeviction" or found.get("maxmemory", "0") == "0":
        return None
    return f"evicts keys under memory pressure (maxmemory-policy {policy}); set it to noeviction"
