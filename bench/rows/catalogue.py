"""The rows of the table, in its order."""

from collections.abc import Callable, Mapping

from bench.rows import (
    accept,
    disk,
    end_to_end,
    engine,
    idle,
    light_nodes,
    llm,
    memory,
    process,
    slow_nodes,
)
from bench.trials import Trial

#: By the word for `--rows`.
ROWS: Mapping[str, Callable[[], list[Trial]]] = {
    llm.ROW: llm.trials,
    accept.ROW: accept.trials,
    process.ROW: process.trials,
    end_to_end.ROW: end_to_end.trials,
    slow_nodes.ROW: slow_nodes.trials,
    light_nodes.ROW: light_nodes.trials,
    idle.ROW: idle.trials,
    engine.ROW: engine.trials,
    disk.ROW: disk.trials,
    memory.ROW: memory.trials,
}
