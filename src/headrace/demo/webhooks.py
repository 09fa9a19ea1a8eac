"""The recorded webhooks, and what is sent of each."""

import json
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from typing import Any

#: What the types of the demo's events begin with; the kind of webhook follows.
TYPE_PREFIX = "github."


@dataclass(frozen=True)
class Webhook:
    """One recorded webhook: `kind` is GitHub's name of its event."""

    kind: str
    action: str | None
    payload: dict[str, Any]

    @property
    def type(self) -> str:
        """The type of the event that is made of it."""
        return f"{TYPE_PREFIX}{self.kind}"

    @property
    def event(self) -> dict[str, Any]:
        """The event: the type, and beside it what was recorded."""
        return {"type": self.type, "action": self.action, "payload": self.payload}

    @cached_property
    def body(self) -> bytes:
        """The bytes to send."""
        return json.dumps(self.event, ensure_ascii=False).encode()


def recorded_webhooks() -> list[Webhook]:
    """All of them, in the order of the file."""
    text = (files("headrace.demo") / "data" / "github-webhooks.jsonl").read_text(encoding="utf-8")
    lines = (json.loads(line) for line in text.splitlines())
    return [Webhook(line["event"], line["action"], line["payload"]) for line in lines]
