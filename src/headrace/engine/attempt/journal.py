"""What a run has done so far, ready to be stored at any moment."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any

from headrace.domain.contexts import BEYOND_BODY, beyond_body, dump
from headrace.domain.event import NewEvent
from headrace.domain.payload import decode
from headrace.domain.progress import WHOLE, Checkpoint
from headrace.domain.values import value
from headrace.engine.attempt.done import Done
from headrace.engine.attempt.failures import told
from headrace.engine.context import TaskContext, join_json
from headrace.engine.json_form import plain_json, to_json
from headrace.engine.plan import Plan, Step
from headrace.engine.schema import EventSchema, is_passed_on, passed_on
from headrace.errors import OutputNotJson
from headrace.settings.masking import mask_json


@value()
class _Entry:
    """A finished node or item, as it is stored. `version` is None where no later attempt can use it."""

    version: str | None
    output: bytes | None
    times: dict[str, Any]
    emitted: Sequence[NewEvent]


class Journal:
    """The context of one attempt, and the JSON of each part, written once, when the part was made."""

    def __init__(self, plan: Plan, event: EventSchema, started_at: datetime) -> None:
        self._event = event
        self._nodes: dict[str, dict[str, Any]] = {}
        self._values: dict[str, Any] = {}
        self._outputs: dict[str, bytes] = {}
        self._first = {"event": b"null"}
        self._emitted: dict[str, Sequence[NewEvent]] = {}
        self._unsaved: dict[tuple[str, int], _Entry] = {}
        self._lasting = True
        self._is_plain = not plan.takes_context
        self._metadata = {
            "pipeline": plan.pipeline,
            "version": plan.version,
            "started_at": started_at,
            "finished_at": None,
            "nodes": self._nodes,
        }

    @cached_property
    def context(self) -> TaskContext:
        """What nodes see, at any time; most pipelines have none that asks for it."""
        return TaskContext.model_construct(event=self._event, nodes=self._values, metadata=self._metadata)

    @property
    def emitted(self) -> list[NewEvent]:
        """The events that finished nodes asked for."""
        return [event for events in self._emitted.values() for event in events]

    def write_event(self, body: bytes = b"", data: Mapping[str, Any] | None = None) -> None:
        """Write the event down, or what it has beyond its `body`, where that is given with its `data`.

        Raises OutputNotJson where it has a field that JSON cannot carry.
        """
        beyond = None if data is None else self._beyond(body, data)
        self._first = {"event": self._event_json()} if beyond is None else {BEYOND_BODY: dump(beyond)}

    def _beyond(self, body: bytes, data: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """What the event has beyond the data of its body; None where it lacks some of these."""
        has_secret = mask_json(body) is not body
        if not has_secret and is_passed_on(self._event, data):
            return {}
        same = set() if has_secret else passed_on(self._event, data)
        rest = {name: value for name, value in data.items() if name not in same}
        return beyond_body(decode(self._event_json(same)), rest)

    def _event_json(self, without: set[str] | None = None) -> bytes:
        try:
            return mask_json(to_json(self._event, without=without))
        except ValueError as error:
            raise OutputNotJson(f"the event has no JSON form: {error}") from error

    def check_metadata(self, name: str) -> None:
        """After a node that takes the context. Raises OutputNotJson."""
        try:
            to_json(self._metadata)
        except ValueError as error:
            raise OutputNotJson(f"node {name!r} left metadata that has no JSON form: {error}") from error

    def keep(self, step: Step, done: Done) -> None:
        """Record a finished node."""
        name = step.name
        times = self._nodes[name] = done.times()
        self._values[name] = done.output
        self._outputs[name] = done.encoded
        if done.emitted:
            self._emitted[name] = done.emitted
        version = step.version if self._lasting and step.codec.is_readable else None
        self._unsaved[name, WHOLE] = _Entry(version, done.encoded, times, done.emitted)

    def keep_item(self, step: Step, index: int, done: Done) -> None:
        """Record a finished item of a map."""
        version = step.version if step.item_codec.is_readable else None
        self._unsaved[step.name, index] = _Entry(version, done.encoded, done.times(), done.emitted)

    def skip(self, name: str) -> None:
        """Record that a node is skipped by the rules of the graph."""
        self._nodes[name] = {"state": "skipped"}

    def skip_failed(self, step: Step, error: BaseException, calls: int) -> None:
        """Record that a node failed for good and is skipped because its `on_error` says so."""
        entry = self._nodes[step.name] = {"state": "skipped", "error": told(error), "attempts": calls}
        self._unsaved[step.name, WHOLE] = _Entry(step.version if self._lasting else None, None, entry, ())

    def fail(self, name: str, started_at: datetime, finished_at: datetime, calls: int, state: str) -> None:
        """Record a node's newest call that raised; `state` is failed or waiting."""
        self._nodes[name] = Done.timed(state, started_at, finished_at, calls)

    def wait(self, name: str, since: datetime) -> None:
        """Record that a node waits."""
        self._nodes.setdefault(name, {"state": "waiting", "started_at": since})

    def fail_run(self) -> None:
        """What runs now belongs to this end of the run; a replay comes to another."""
        self._lasting = False

    def restore(self, checkpoint: Checkpoint, output: object) -> None:
        """Take over a node that an earlier attempt finished."""
        self._nodes[checkpoint.node] = {name: at for name, at in decode(checkpoint.times).items() if name != "spares"}
        if checkpoint.output is not None:
            self._values[checkpoint.node] = output
            self._outputs[checkpoint.node] = checkpoint.output
        if checkpoint.emitted:
            self._emitted[checkpoint.node] = checkpoint.emitted

    def unsaved(self) -> list[Checkpoint]:
        """What is finished and not stored yet."""
        return [
            Checkpoint(node, entry.version, entry.output, to_json(entry.times), item, entry.emitted)
            for (node, item), entry in self._unsaved.items()
            if entry.version is not None
        ]

    def saved(self, checkpoints: Sequence[Checkpoint]) -> None:
        """These are stored now."""
        for checkpoint in checkpoints:
            self._unsaved.pop((checkpoint.node, checkpoint.item), None)

    def finish(self, now: datetime) -> None:
        """Record the end of the attempt."""
        self._metadata["finished_at"] = now

    def to_json(self) -> bytes:
        """The context as it is stored; never raises: metadata that has no JSON form is left out."""
        return join_json(self._first, self._outputs, mask_json(self._metadata_json()))

    def _metadata_json(self) -> bytes:
        try:
            return plain_json(self._metadata) if self._is_plain else to_json(self._metadata)
        except ValueError:
            return to_json({key: held for key, held in self._metadata.items() if _has_json_form({key: held})})


def _has_json_form(held: object) -> bool:
    try:
        to_json(held)
    except ValueError:
        return False
    return True
