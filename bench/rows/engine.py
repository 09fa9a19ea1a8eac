"""What the engine itself costs, in a process of its own that stores nothing."""

import asyncio
from collections.abc import Sequence

import orjson

from bench.engine_costs.names import UNITS
from bench.processes import Program, environment_for
from bench.services import Services
from bench.systems.headrace.system import Headrace
from bench.trials import Figure, Scale, Trial

ROW = "engine"

#: The program ends within so many seconds.
MOST_SECONDS = 120.0


async def engine(services: Services, scale: Scale) -> Sequence[Figure]:  # noqa: ARG001 - as every trial
    """What the program prints."""
    program = Program("engine", ["-m", "bench.engine_costs.program"], services.folder, environment_for())
    try:
        await asyncio.to_thread(program.wait, MOST_SECONDS)
    finally:
        program.stop()
    found: dict[str, float] = orjson.loads(program.tail())
    return [Figure(what, "", Headrace.name, UNITS[what], value) for what, value in found.items()]


def trials() -> list[Trial]:
    """The one."""
    return [Trial(ROW, Headrace.name, None, engine, once=True)]
