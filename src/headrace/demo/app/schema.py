"""Events made of webhooks."""

from typing import Any

from headrace import EventSchema
from headrace.demo.webhooks import TYPE_PREFIX


class WebhookReceived(EventSchema):
    """A webhook of any kind; subclasses name theirs."""

    action: str | None = None
    payload: dict[str, Any]

    @property
    def kind(self) -> str:
        """GitHub's name of the event."""
        return self.type.removeprefix(TYPE_PREFIX)
