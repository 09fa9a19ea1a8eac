"""What became of each node of a run, as far as it is stored."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

#: What is told of nodes, by their names: `state`, `started_at`, `finished_at`, `milliseconds` and more.
Nodes = dict[str, dict[str, Any]]


def nodes_of(
    task_context: object, checkpoints: Sequence[Mapping[str, Any]], waits: Sequence[Mapping[str, Any]]
) -> Nodes:
    """The nodes of a finished run's metadata; of an unfinished one, those that are kept, begun or waiting.

    A map of which some items are kept is `begun`, and its `items` say how many are `done`.
    """
    if task_context is not None:
        return _told(metadata_of(task_context).get("nodes"))
    nodes: Nodes = {kept["node"]: dict(kept["times"]) for kept in checkpoints if kept["item"] is None}
    for kept in checkpoints:
        if kept["item"] is not None and nodes.get(kept["node"], {}).get("state", "begun") == "begun":
            nodes[kept["node"]] = _with_item(nodes.get(kept["node"]), kept["times"])
    for wait in waits:
        name = node_name(wait["node"])
        nodes[name] = {**nodes.get(name, {}), "state": "waiting"}
    return nodes


def metadata_of(task_context: object) -> Mapping[str, Any]:
    """The metadata of a stored context; empty where a task of the user's own stored something else."""
    found = task_context.get("metadata") if isinstance(task_context, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def node_name(name: str) -> str:
    """The node of an item of a map, which is named `node[3]`."""
    return name.partition("[")[0]


def _told(nodes: object) -> Nodes:
    if not isinstance(nodes, Mapping):
        return {}
    return {name: dict(node) for name, node in nodes.items() if isinstance(node, Mapping) and "state" in node}


def _with_item(node: Mapping[str, Any] | None, times: Mapping[str, Any]) -> dict[str, Any]:
    node = node or {**times, "items": {"done": 0}}
    return {
        "state": "begun",
        "started_at": min(node["started_at"], times["started_at"], key=datetime.fromisoformat),
        "finished_at": max(node["finished_at"], times["finished_at"], key=datetime.fromisoformat),
        "items": {"done": node["items"]["done"] + 1},
    }
