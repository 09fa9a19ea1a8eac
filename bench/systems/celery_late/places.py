"""Where messages and results lie in Valkey."""

#: Celery's own name for its queue, and for the messages that are not acknowledged yet.
QUEUE, UNACKNOWLEDGED = "celery", "unacked"


def result_url(redis_url: str) -> str:
    """Results have a database of their own in the same server, so that they can be counted by its size."""
    return f"{redis_url.rpartition('/')[0]}/1"
