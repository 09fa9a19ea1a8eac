"""The app of Procrastinate, as `procrastinate worker` loads it; it finds the database by the variables of libpq."""

from typing import Any

from procrastinate import App, PsycopgConnector

from bench.systems.procrastinate.task import TASK
from bench.systems.steps import first_step, second_step

app = App(connector=PsycopgConnector(), import_paths=["bench.systems.procrastinate.worker"])


@app.task(name=TASK)
async def two_steps(event: dict[str, Any]) -> dict[str, int]:
    """Both steps; what is returned is not stored."""
    first = await first_step(event)
    return {"first": first, "second": await second_step(first)}
