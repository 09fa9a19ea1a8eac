"""A user's program: a pipeline and a Celery task that recur."""

from typing import Any

from headrace import EventSchema, Pipeline, celery_app


class FeedDue(EventSchema, type="feed.due"):
    url: str


feeds = Pipeline("feeds", FeedDue)


@feeds.node
def fetch(event: FeedDue) -> str:
    return event.url


@feeds.every("1s", overlap="skip")
def poll() -> FeedDue:
    return FeedDue(url="https://example.org")


@celery_app.task(bind=True, name="count")
def count(self: Any, by: int) -> list[Any]:
    return [self.request.id, by]


@count.every(1, from_="finish")
def counting() -> dict[str, int]:
    return {"by": 2}
