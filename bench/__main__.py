"""`python -m bench`: every system beside the others, and Headrace beside its goals. See bench/README.md."""

import asyncio
import random
import signal
import sys
from collections.abc import Mapping, Sequence

import uvloop

from bench.machine import COMMON, conditions, missing, versions
from bench.options import Options, parse
from bench.report import Report
from bench.rows.catalogue import ROWS
from bench.suite import Tried, run, tell
from bench.systems.catalogue import SYSTEMS
from bench.trials import Trial


def chosen(options: Options, absent: Mapping[str, Sequence[str]]) -> list[Trial]:
    """The trials of these rows and systems, without systems that are not installed."""
    trials = [trial for row in options.rows for trial in ROWS[row]()]
    wanted = [trial for trial in trials if options.systems is None or trial.system in options.systems]
    return [trial for trial in wanted if trial.system not in absent and not (options.quick and trial.whole_only)]


async def measured(trials: Sequence[Trial], options: Options) -> Sequence[Tried]:
    """Make them. A SIGTERM ends all that was started, as Ctrl-C does."""
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await run(trials, options.scale, options.rounds, random.Random(options.seed))


def main() -> None:
    """Measure and print a table; a goal that is missed is told, and is no failure."""
    options = parse(sys.argv[1:])
    absent = {system.name: gone for system in SYSTEMS if (gone := missing(system.packages))}
    for name, packages in absent.items():
        tell(f"{name} is left out: not installed: {', '.join(packages)}")
    before = conditions()
    try:
        made = uvloop.run(measured(chosen(options, absent), options))
    except asyncio.CancelledError:
        sys.exit("ended by a signal")
    found = versions([*COMMON, *(package for system in SYSTEMS for package in system.packages)])
    report = Report(made, {**before, "versions": found, "command": ["python", "-m", "bench", *sys.argv[1:]]})
    print(report.as_markdown())
    if options.json is not None:
        options.json.write_bytes(report.as_json())


if __name__ == "__main__":
    main()
