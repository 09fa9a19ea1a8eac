"""What recurs: a feed each quarter of an hour, a digest on workdays, a Celery task each night.

`headrace worker` makes these the schedules that are stored when it starts: `headrace schedule list` shows them.
Try it: headrace schedule run poll && headrace schedule show poll
"""

from headrace import EventSchema, Pipeline, celery_app


class FeedDue(EventSchema, type="feed.due"):
    url: str


class DigestDue(EventSchema, type="digest.due"):
    to: list[str]


feeds = Pipeline("feeds", FeedDue)
digests = Pipeline("digests", DigestDue)


@feeds.node
async def entries(event: FeedDue) -> list[str]:
    return [f"the newest of {event.url}"]


@feeds.every("15m", overlap="skip", jitter="30s")
def poll() -> FeedDue:
    """What each event holds. The schedule has the function's name."""
    return FeedDue(url="https://example.org/feed.xml")


@digests.node
def write(event: DigestDue) -> dict[str, str]:
    return {address: f"Good morning, {address}!" for address in event.to}


@digests.cron("0 9 * * MON-FRI", timezone="Europe/Berlin", catch_up="skip")
def workdays() -> DigestDue:
    return DigestDue(to=["ada@example.org", "grace@example.org"])


@celery_app.task
def tidy(days: int) -> str:
    """Called by a worker of Headrace, not sent through Redis; retried as a node is."""
    return f"what is older than {days} days is gone"


@tidy.cron("0 3 * * *", timezone="Europe/Berlin")
def nightly() -> dict[str, int]:
    """The task's keyword arguments."""
    return {"days": 30}
