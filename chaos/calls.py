"""What the nodes wrote of their calls."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson


@dataclass(slots=True)
class NodeCall:
    """One call of a node. Without `ended`, its process died in it, or the call goes on; `raised` names its error."""

    key: str
    intent: str
    node: str
    item: int | None
    attempt: int
    pid: int
    began: float
    ended: float | None = None
    raised: str | None = None

    @property
    def place(self) -> tuple[str, str, int | None]:
        """What there is one idempotency key for, an epoch: the event, the node, the item."""
        return self.intent, self.node, self.item


#: By file, how many bytes of it there are.
Sizes = Mapping[str, int]


def sizes_of(folder: Path) -> Sizes:
    """What was written so far."""
    return {path.name: path.stat().st_size for path in folder.glob("*.jsonl")}


def read_calls(folder: Path, behind: Sizes) -> list[NodeCall]:
    """The calls of all processes that began behind these sizes, in the order of their beginning."""
    calls = [call for path in folder.glob("*.jsonl") for call in _calls_of(path, behind.get(path.name, 0))]
    return sorted(calls, key=lambda call: call.began)


def _calls_of(path: Path, behind: int) -> Iterator[NodeCall]:
    begun: dict[str, NodeCall] = {}
    for line in path.read_bytes()[behind:].splitlines(keepends=True):
        if not line.endswith(b"\n"):
            break  # a kill cut it short
        told: dict[str, Any] = orjson.loads(line)
        number = told.pop("call")
        if "began" in told:
            begun[number] = NodeCall(**told)
        elif number in begun:
            begun[number].ended, begun[number].raised = told["ended"], told["raised"]
    yield from begun.values()


def reruns(calls: Sequence[NodeCall]) -> int:
    """How many calls began again what had not failed: their processes died, or lost their runs."""
    seen: set[str] = set()
    count = 0
    for call in calls:
        count += call.key in seen
        if call.raised is None:
            seen.add(call.key)
        else:
            seen.discard(call.key)
    return count
