"""Whether Redis answers, and whether it would lose messages by design."""

import redis
import redis.asyncio

#: Seconds that Redis has to answer a health check.
ANSWER_SECONDS = 1.0


async def redis_problem(url: str) -> str | None:
    """None when Redis answers and evicts nothing, else what is wrong, in one sentence without the URL's secrets."""
    client = redis.asyncio.Redis.from_url(
        url, socket_timeout=ANSWER_SECONDS, socket_connect_timeout=ANSWER_SECONDS, decode_responses=True
    )
    try:
        found = await client.config_get("maxmemory-policy")
    except redis.ResponseError:
        return None  # a managed server may hide its configuration
    except (redis.RedisError, OSError) as error:
        return f"does not answer ({type(error).__name__}); wake-ups are late by a few seconds, nothing is lost"
    finally:
        await client.aclose()
    policy = found.get("maxmemory-policy", "noeviction")
    if policy != "noeviction":
        return f"evicts keys under memory pressure (maxmemory-policy {policy}); set it to noeviction"
    return None
