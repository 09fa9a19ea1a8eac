"""A user's program whose schedules cannot be."""

from headrace import EventSchema, Pipeline


class FeedDue(EventSchema, type="feed.due"):
    url: str


feeds = Pipeline("feeds", FeedDue)


@feeds.every("0s")
def too_often() -> FeedDue:
    return FeedDue(url="https://example.org")


@feeds.every("1h")
def misfit() -> dict[str, int]:
    return {"url": 17}
