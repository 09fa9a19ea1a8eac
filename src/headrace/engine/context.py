"""What a pipeline's run leaves behind, and what a node may ask of it."""

from collections.abc import Mapping
from typing import Any

import orjson
from pydantic import BaseModel, ConfigDict, SerializeAsAny

from headrace.engine.json_form import to_json
from headrace.engine.schema import EventSchema
from headrace.engine.traces.call import Call, current_call


class TaskContext(BaseModel):
    """The event, each finished node's output by the node's name, and the run's metadata.

    `metadata` holds `pipeline`, `version`, `started_at`, `finished_at` and `nodes`: by name, each node's `state`,
    `started_at`, `finished_at`, `milliseconds` and `attempts` (its calls in the attempt that finished it). A node that
    takes `context` may add keys of its own. `.model_dump(mode="json")` is what is stored as `task_context`.
    """

    model_config = ConfigDict(frozen=True)

    event: SerializeAsAny[EventSchema]
    nodes: dict[str, Any]
    metadata: dict[str, Any]

    @property
    def idempotency_key(self) -> str:
        """For the calls that this node makes outside: the same at every attempt, and after a replay of a failure.

        It differs by event, node, item of a map, and by fresh replay. Raises RuntimeError outside of a node.
        """
        return _call().idempotency_key

    @property
    def cancelled(self) -> bool:
        """Whether nobody waits for this node any more: its run was cancelled or has failed, or its own time is over.

        For long work in a thread, which nothing else can stop. Raises RuntimeError outside of a node.
        """
        return _call().cancelled

    def note(self, message: str, **fields: Any) -> None:
        """Tell how far this node is; to be read at once, while it runs.

        Raises ValueError where a field has no JSON form, OutputTooLarge above 8 KiB, RuntimeError outside of a node.
        """
        call = _call()
        call.traces.note(call.node, {"message": message, **fields})

    def emit(self, event: EventSchema | Mapping[str, Any]) -> None:
        """Have another event accepted, in the transaction that stores this run's result.

        Its id is derived, so that a node that runs twice emits it once. Nothing is emitted by a node that fails.
        Raises InvalidEvent without a type or a JSON form, OutputTooLarge above 1 MiB, RuntimeError outside of a node.
        """
        call = _call()
        call.emitted.append(call.traces.new_event(call.node, len(call.emitted), event))

    def finish(self) -> None:
        """Let the run succeed with this node: what has not started by its end is skipped, but for `finally_` nodes.

        Raises RuntimeError outside of a node.
        """
        _call().finishes = True

    def to_json(self) -> bytes:
        """The JSON of `model_dump(mode="json")`. Raises ValueError where something has no JSON form."""
        outputs = {name: to_json(output) for name, output in self.nodes.items()}
        return join_json({"event": to_json(self.event)}, outputs, to_json(self.metadata))


def join_json(event: Mapping[str, bytes], outputs: Mapping[str, bytes], metadata: bytes) -> bytes:
    """A context's JSON from its parts, each JSON already; `event` is the first member, by its name."""
    first = {name: orjson.Fragment(value) for name, value in event.items()}
    nodes = {name: orjson.Fragment(output) for name, output in outputs.items()}
    return orjson.dumps({**first, "nodes": nodes, "metadata": orjson.Fragment(metadata)})


def _call() -> Call:
    call = current_call()
    if call is None:
        raise RuntimeError("this is known only inside a node, while it runs")
    return call
