"""A worker of DBOS: `python -m bench.systems.dbos.worker DATABASE_URL EXECUTOR`."""

import signal
import sys
import threading
from typing import Any

from dbos import DBOS

from bench.systems.dbos.queue import APPLICATION, CONCURRENCY, POLL_SECONDS, QUEUE, VERSION, WORKFLOW
from bench.systems.steps import first_step, second_step

step_one = DBOS.step(name="first")(first_step)
step_two = DBOS.step(name="second")(second_step)


@DBOS.workflow(name=WORKFLOW)
async def two_steps(event: dict[str, Any]) -> dict[str, int]:
    """Both steps; each output is stored as it comes."""
    first = await step_one(event)
    return {"first": first, "second": await step_two(first)}


def main() -> None:
    """Work until SIGTERM."""
    url, executor = sys.argv[1:]
    DBOS(
        config={
            "name": APPLICATION,
            "system_database_url": url,
            "executor_id": executor,
            "application_version": VERSION,
            "log_level": "WARNING",
        }
    )
    DBOS.launch()
    DBOS.register_queue(QUEUE, worker_concurrency=CONCURRENCY, polling_interval_sec=POLL_SECONDS)
    told = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: told.set())
    told.wait()
    DBOS.destroy()


if __name__ == "__main__":
    main()
