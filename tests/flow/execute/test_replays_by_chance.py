"""Replays from a node of pipelines that chance makes."""

import random
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any
from uuid import uuid4

from headrace.engine import EventSchema, Pipeline, PipelineRegistry
from headrace.errors import Permanent
from headrace.store.database import Database
from headrace.store.replaying import replay
from tests.support.stages import working
from tests.support.steps import accept, new_event
from tests.support.storage import Storage
from tests.support.waiting import eventually

#: Pipelines, each of its own shape.
SHAPES = 60


class Shape:
    """A graph by chance, with a node that fails in the first run or not, and the node of the replay."""

    def __init__(self, number: int, dice: random.Random) -> None:
        self.type = f"shape.{number}"
        size = dice.randint(1, 9)
        self.upstream = {at: {other for other in range(at) if dice.random() < 0.35} for at in range(size)}
        self.failing = dice.choice([None, *range(size)])
        self.node = dice.randrange(size)
        self.called: Counter[int] = Counter()
        kind = type(f"Shape{number}", (EventSchema,), {"__module__": __name__}, type=self.type)
        pipeline = Pipeline(self.type, kind)
        for at in self.upstream:
            self._declare(pipeline, at, dice)

    def redone(self) -> set[int]:
        """The node and all after it."""
        after = {self.node}
        for at, upstream in self.upstream.items():
            if upstream & after:
                after.add(at)
        return after

    def _declare(self, pipeline: Pipeline, at: int, dice: random.Random) -> None:
        def call() -> str:
            self.called[at] += 1
            if at == self.failing:
                raise Permanent("by chance")
            return str(uuid4())

        async def call_on_loop() -> str:
            return call()

        target: Callable[[], Any] = call_on_loop if dice.random() < 0.5 else call
        target.__name__ = f"n{at}"
        pipeline.node(after=[f"n{other}" for other in sorted(self.upstream[at])])(target)


async def test_whatever_the_graph_what_is_called_again_is_the_node_those_after_it_and_what_was_not_finished(
    storage: Storage, database: Database
) -> None:
    seed = random.randrange(1_000_000)
    dice = random.Random(seed)
    shapes = [Shape(number, dice) for number in range(SHAPES)]
    events = [new_event(shape.type) for shape in shapes]
    await accept(database, *events)
    finished: dict[str, Mapping[str, Any]] = {}
    async with working(storage) as worker:
        await eventually(lambda: storage.value("SELECT count(*) FROM headrace.runs") == 0, "all are finished")
        for shape, event in zip(shapes, events, strict=True):
            finished[shape.type] = storage.result(event.id)["task_context"]["nodes"]
            shape.called.clear()
            shape.failing = None
            names = PipelineRegistry.after(shape.type, f"n{shape.node}")
            assert names == {f"n{at}" for at in shape.redone()}
            async with database.connection() as connection, connection.transaction():
                await replay(connection, database, [event.id], goes_on=False, redo=names)
        worker.executor.hint()
        ids = [event.id for event in events]
        await eventually(lambda: storage.all_are("succeeded", ids), "all have succeeded")
    for shape, event in zip(shapes, events, strict=True):
        kept = {at for at in shape.upstream if f"n{at}" in finished[shape.type]} - shape.redone()
        assert shape.called == dict.fromkeys(shape.upstream.keys() - kept, 1), f"seed {seed}, {shape.type}"
        after = storage.result(event.id)["task_context"]["nodes"]
        same = {at for at in shape.upstream if after[f"n{at}"] == finished[shape.type].get(f"n{at}")}
        assert same == kept, f"seed {seed}, {shape.type}"
