"""The program of one worker process, as its supervisor starts it: `python -m headrace.worker.main`."""

import argparse
import asyncio
import os
import signal
import sys
import threading
from uuid import UUID

import uvloop

from headrace.engine.traces.noting import note_line
from headrace.engine.traces.printing import capture_prints
from headrace.flow.execute import Lane
from headrace.settings import Settings, load_settings
from headrace.settings.logs import configure_logging
from headrace.worker.process import ProcessOptions, WorkerProcess


def main() -> None:
    """Work until SIGTERM, or until the supervisor's end of standard input closes; exit 0."""
    arguments = _arguments()
    settings = load_settings()
    configure_logging(settings.log_level, settings.log_format, note_line)
    capture_prints()
    options = ProcessOptions(
        lane=Lane(arguments.lane),
        consumes=arguments.lane == Lane.SOUND.value,
        launch=arguments.launch,
        tick_descriptor=arguments.tick,
    )
    uvloop.run(_run(settings, options))


async def _run(settings: Settings, options: ProcessOptions) -> None:
    process = WorkerProcess(settings, options)
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, process.request_stop)
    loop.add_signal_handler(signal.SIGINT, lambda: None)  # Ctrl-C reaches the whole group: the supervisor decides
    threading.Thread(target=_stop_with_parent, args=(process,), name="parent", daemon=True).start()
    await process.run()
    # Threads and tasks that are stuck in users' code must not keep the process: what they did is given back already.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def _stop_with_parent(process: WorkerProcess) -> None:
    while os.read(sys.stdin.fileno(), 1):
        continue
    process.request_stop()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="headrace.worker.main")
    parser.add_argument(
        "--lane", choices=[lane.value for lane in (Lane.SOUND, Lane.LOST, Lane.ALONE)], default=Lane.SOUND.value
    )
    parser.add_argument("--launch", type=UUID, default=None)
    parser.add_argument("--tick", type=int, default=None)
    return parser.parse_args()


if __name__ == "__main__":
    main()
