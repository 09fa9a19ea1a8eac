"""What the nodes of one attempt leave beside their outputs: lines, notes, events."""

import re
from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from headrace.domain.clock import Clock
from headrace.domain.event import TYPE_PATTERN, NewEvent
from headrace.domain.ids import derived_id
from headrace.engine.attempt.outputs import MOST_OUTPUT_BYTES
from headrace.engine.attempt.retries import Attempt
from headrace.engine.json_form import to_json
from headrace.engine.schema import EventSchema, match_key_of
from headrace.engine.traces.lines import Lines
from headrace.errors import InvalidEvent, OutputTooLarge
from headrace.settings.masking import mask_json

#: The longest note, in bytes of JSON.
NOTE_BYTES = 8 * 1024

#: Events that one call of a node may emit.
MOST_EMITTED = 1000

#: Takes a node's name and a note, as JSON.
TakeNote = Callable[[str, bytes], None]


def drop_note(node: str, note: bytes) -> None:
    """Where nobody reads notes."""


class Traces:
    """Of one attempt. `take_note` gets each note at once, so that it can be read while the node runs."""

    __slots__ = ("_attempt", "clock", "epoch", "event_id", "lines", "take_note")

    def __init__(self, attempt: Attempt, take_note: TakeNote, clock: Clock) -> None:
        self._attempt = attempt
        self.event_id: UUID = attempt.event_id
        self.epoch = attempt.epoch
        self.lines = Lines()
        self.take_note = take_note
        self.clock = clock

    def note(self, node: str, note: Mapping[str, Any]) -> None:
        """Raises ValueError for what has no JSON form, OutputTooLarge above `NOTE_BYTES`."""
        encoded = mask_json(to_json(note))
        if len(encoded) > NOTE_BYTES:
            raise OutputTooLarge(f"node {node!r} noted {len(encoded):,} bytes; a note has at most {NOTE_BYTES:,}")
        self.take_note(node, encoded)

    def new_event(self, node: str, number: int, event: EventSchema | Mapping[str, Any]) -> NewEvent:
        """An event to be accepted with the result of this run. Raises InvalidEvent, OutputTooLarge above 1 MiB."""
        if number >= MOST_EMITTED:
            raise InvalidEvent(f"node {node!r} emits more than {MOST_EMITTED} events at once")
        data = event.model_dump(mode="json") if isinstance(event, EventSchema) else dict(event)
        if not isinstance(data.get("type"), str):
            raise InvalidEvent(f"node {node!r} emits an event without a type")
        if not re.fullmatch(TYPE_PATTERN, data["type"]):
            raise InvalidEvent(f"node {node!r} emits an event whose type is not of the form {TYPE_PATTERN}")
        try:
            body = mask_json(to_json(data))
        except ValueError as error:
            raise InvalidEvent(f"node {node!r} emits an event that has no JSON form: {error}") from error
        if len(body) > MOST_OUTPUT_BYTES:
            raise OutputTooLarge(f"node {node!r} emits {len(body):,} bytes; an event has at most {MOST_OUTPUT_BYTES:,}")
        return NewEvent(
            id=derived_id(self.event_id, f"{self.epoch}/{node}/{number}"),
            type=data["type"],
            body=body,
            tenant=self._attempt.tenant,
            queue=self._attempt.queue,
            parent_id=self.event_id,
            match_key=match_key_of(data["type"], data),
        )
