"""The pipelines that are measured: their nodes do next to nothing, so that what is left is the engine."""

import asyncio
from collections.abc import Callable

from headrace.engine import EventSchema, Node, Pipeline


class Measured(EventSchema, type="bench.measured"):
    """An event of no meaning."""

    number: int = 3


class LightNode(Node):
    """An async node that returns at once."""

    def __init__(self, position: int) -> None:
        self.name = f"light_{position}"

    async def process(self, event: EventSchema) -> int:
        """The length of a type's name."""
        return len(event.type)


class LightSyncNode(Node):
    """A sync node that returns at once."""

    def __init__(self, position: int) -> None:
        self.name = f"light_sync_{position}"

    def process(self, event: EventSchema) -> int:
        """The length of a type's name."""
        return len(event.type)


def row_of(nodes: int, kind: Callable[[int], Node] = LightNode) -> Pipeline:
    """Light nodes, each behind the one before."""
    pipeline = Pipeline("row", Measured, register=False)
    for position in range(nodes):
        pipeline.add_node(kind(position))
    return pipeline


def map_over(items: int) -> Pipeline:
    """A map over so many items, ten at once."""
    pipeline = Pipeline("map", Measured, register=False)

    @pipeline.node
    async def numbers(event: Measured) -> list[int]:
        return list(range(event.number, event.number + items))

    @pipeline.map(over=numbers, limit=10)
    async def doubled(item: int) -> int:
        return 2 * item

    return pipeline


class Gate:
    """A pipeline whose first node waits until the gate is opened; `crowded` is set once so many events wait at it."""

    def __init__(self, events: int) -> None:
        self.waiting = 0
        self.crowded = asyncio.Event()
        self.opened = asyncio.Event()
        self.pipeline = Pipeline("gate", Measured, register=False)

        @self.pipeline.node
        async def passes(event: Measured) -> int:
            self.waiting += 1
            if self.waiting == events:
                self.crowded.set()
            await self.opened.wait()
            return event.number

        @self.pipeline.node
        async def follows(passes: int) -> int:
            return passes
