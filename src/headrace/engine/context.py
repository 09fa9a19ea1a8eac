"""What a pipeline's run leaves behind."""

from collections.abc import Mapping
from typing import Any

import orjson
from pydantic import BaseModel, SerializeAsAny

from headrace.engine.json_form import to_json
from headrace.engine.schema import EventSchema


class TaskContext(BaseModel):
    """The event, each finished node's output by the node's name, and the run's metadata.

    `metadata` holds `pipeline`, `started_at`, `finished_at` and `nodes`: by name, each node's `started_at`,
    `finished_at`, `seconds` and `attempt` (1 + its retries within this run). A node that takes `context` may
    add keys of its own. `.model_dump(mode="json")` is what is stored as `task_context`.
    """

    event: SerializeAsAny[EventSchema]
    nodes: dict[str, Any]
    metadata: dict[str, Any]

    def to_json(self) -> bytes:
        """The JSON of `model_dump(mode="json")`. Raises ValueError where something has no JSON form."""
        outputs = {name: to_json(output) for name, output in self.nodes.items()}
        return join_json(to_json(self.event), outputs, to_json(self.metadata))


def join_json(event: bytes, outputs: Mapping[str, bytes], metadata: bytes) -> bytes:
    """A context's JSON from its parts, each JSON already."""
    nodes = {name: orjson.Fragment(output) for name, output in outputs.items()}
    return orjson.dumps({"event": orjson.Fragment(event), "nodes": nodes, "metadata": orjson.Fragment(metadata)})
