"""The node that says how a result is to be found again."""

from collections.abc import Mapping, Sequence
from typing import Any

from headrace.domain.marks import SEARCH
from headrace.engine.context import TaskContext
from headrace.engine.node import Node


class ElasticsearchIndexNode(Node):
    """Marks the context for the search copy; it talks to no server.

    `index` names the index (else the default one), `fields` the fields to be searchable (else all), `extra`
    holds fields to add, as JSON. The mark is appended to `context.metadata["search"]`, a list.
    """

    def __init__(
        self,
        index: str | None = None,
        fields: Sequence[str] | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        self.mark = {
            "index": index,
            "fields": None if fields is None else list(fields),
            "extra": dict(extra or {}),
        }

    async def process(self, context: TaskContext) -> None:
        """Append the mark."""
        context.metadata.setdefault(SEARCH, []).append(dict(self.mark))
