"""A user's program, the release after `recurring`: the task recurs no more."""

from headrace import EventSchema, Pipeline


class FeedDue(EventSchema, type="feed.due"):
    url: str


feeds = Pipeline("feeds", FeedDue)


@feeds.node
def fetch(event: FeedDue) -> str:
    return event.url


@feeds.every("2h")
def poll() -> FeedDue:
    return FeedDue(url="https://example.com")
