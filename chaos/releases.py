"""The user's program of the campaign, third part: deliveries, which a bad release fails."""

from pathlib import Path
from typing import Literal

from headrace import EventSchema, Pipeline
from headrace.settings import get_settings


class Delivery(EventSchema, type="delivery"):
    intent: str
    fails: Literal["for a while", "for good"]


deliveries = Pipeline("deliveries", Delivery)


def bad_release(data_dir: Path) -> Path:
    """The file that makes every delivery fail for as long as it exists."""
    return data_dir / "bad-release"


@deliveries.node
async def deliver(event: Delivery) -> str:
    if bad_release(get_settings().data_dir).exists():
        raise ConnectionError("no such host") if event.fails == "for a while" else TypeError("a bug")
    return event.intent
