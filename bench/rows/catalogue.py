"""The rows of the table, in its order."""

from collections.abc import Callable, Mapping

from bench.rows import (
    accept,
    disk,
    end_to_end,
    engine,
    growth,
    idle,
    later,
    light_nodes,
    llm,
    memory,
    overload,
    process,
    search,
    slow_nodes,
    without_redis,
)
from bench.trials import Trial

#: By the word for `--rows`.
ROWS: Mapping[str, Callable[[], list[Trial]]] = {
    llm.ROW: llm.trials,
    accept.ROW: accept.trials,
    process.ROW: process.trials,
    end_to_end.ROW: end_to_end.trials,
    overload.ROW: overload.trials,
    without_redis.ROW: without_redis.trials,
    slow_nodes.ROW: slow_nodes.trials,
    light_nodes.ROW: light_nodes.trials,
    idle.ROW: idle.trials,
    engine.ROW: engine.trials,
    growth.ROW: growth.trials,
    later.ROW: later.trials,
    search.ROW: search.trials,
    disk.ROW: disk.trials,
    memory.ROW: memory.trials,
}
