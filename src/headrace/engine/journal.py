"""What an attempt has done so far, ready to be stored at any moment."""

from datetime import datetime
from typing import Any

from headrace.engine.context import TaskContext, join_json
from headrace.engine.json_form import to_json
from headrace.engine.plan import Step
from headrace.engine.schema import EventSchema
from headrace.errors import OutputNotJson


class Journal:
    """The context of one attempt, and the JSON of each part, written once, when the part was made.

    Here checkpoints will find a finished node's output.
    """

    def __init__(self, pipeline: str, event: EventSchema, started_at: datetime) -> None:
        self._times: dict[str, dict[str, Any]] = {}
        self._outputs: dict[str, bytes] = {}
        self._event = b"null"
        metadata = {
            "pipeline": pipeline,
            "started_at": started_at,
            "finished_at": None,
            "nodes": self._times,
        }
        self.context = TaskContext(event=event, nodes={}, metadata=metadata)

    def write_event(self) -> None:
        """Raises OutputNotJson where the event has a field that JSON cannot carry."""
        try:
            self._event = to_json(self.context.event)
        except ValueError as error:
            raise OutputNotJson(f"the event has no JSON form: {error}") from error

    def written(self, step: Step, output: object) -> bytes:
        """The JSON of what a node returned. Raises OutputNotJson."""
        name = step.spec.name
        try:
            encoded = to_json(output)
        except ValueError as error:
            kind = type(output).__qualname__
            raise OutputNotJson(f"node {name!r} returned {kind}, which has no JSON form: {error}") from error
        if step.takes_context:
            self._check_metadata(name)
        return encoded

    def keep(self, name: str, output: object, encoded: bytes) -> None:
        """Record a finished node."""
        self.context.nodes[name] = output
        self._outputs[name] = encoded

    def time(self, name: str, started_at: datetime, finished_at: datetime, attempt: int) -> None:
        """Record when a node ran, from its first call in this attempt to the end of the newest."""
        self._times[name] = {
            "started_at": started_at,
            "finished_at": finished_at,
            "seconds": (finished_at - started_at).total_seconds(),
            "attempt": attempt,
        }

    def finish(self, now: datetime) -> None:
        """Record the end of the attempt."""
        self.context.metadata["finished_at"] = now

    def to_json(self) -> bytes:
        """The context as it is stored; never raises: metadata that has no JSON form is left out."""
        metadata = self.context.metadata
        try:
            encoded = to_json(metadata)
        except ValueError:
            encoded = to_json({key: value for key, value in metadata.items() if _has_json_form({key: value})})
        return join_json(self._event, self._outputs, encoded)

    def _check_metadata(self, name: str) -> None:
        try:
            to_json(self.context.metadata)
        except ValueError as error:
            raise OutputNotJson(f"node {name!r} left metadata that has no JSON form: {error}") from error


def _has_json_form(value: object) -> bool:
    try:
        to_json(value)
    except ValueError:
        return False
    return True
