"""What grew from the second quarter of a soak to its last: what is flat is as it was."""

import statistics
from collections.abc import Callable, Mapping, Sequence

from bench.report import as_table, short
from bench.soak.samples import Sample

#: What is looked at, by the words for it.
CURVES: Mapping[str, Callable[[Sample], float]] = {
    "events finished a second": lambda sample: sample.finished,
    "events under way": lambda sample: sample.unfinished,
    "accept, p99, ms": lambda sample: sample.p99_milliseconds,
    "dead rows": lambda sample: sample.dead_rows,
    "tables of work under way, MB": lambda sample: sum(sample.table_megabytes.values()),
    "connections": lambda sample: sample.connections,
    "memory of the API, MB": lambda sample: sample.api_megabytes,
    "memory of the largest worker process, MB": lambda sample: sample.worker_megabytes,
}


def quarters(samples: Sequence[Sample], curve: Callable[[Sample], float]) -> tuple[float, float]:
    """The median in the second quarter, and in the last."""
    length = max(1, len(samples) // 4)
    second, last = samples[length : 2 * length] or samples, samples[-length:]
    return statistics.median(map(curve, second)), statistics.median(map(curve, last))


def as_markdown(samples: Sequence[Sample]) -> str:
    """A row for each curve."""
    return as_table(
        ["what", "second quarter", "last quarter", "most"], "lrrr", [_row(samples, name) for name in CURVES]
    )


def _row(samples: Sequence[Sample], name: str) -> list[str]:
    curve = CURVES[name]
    second, last = quarters(samples, curve)
    return [name, short(second), short(last), short(max(map(curve, samples)))]
