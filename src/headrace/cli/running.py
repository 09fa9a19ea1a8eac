"""Running something until a signal, or until the process that started it is gone."""

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Callable, Coroutine
from typing import Any

import uvloop


def run_until_signal(
    run: Callable[[], Coroutine[Any, Any, None]], stop: Callable[[], object], *, until_stdin_closes: bool
) -> None:
    """Run on a loop of its own; SIGTERM, SIGINT, and the end of standard input if asked, call `stop` on the loop."""

    async def supervised() -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop)
        if until_stdin_closes:
            end_with_standard_input(lambda: loop.call_soon_threadsafe(stop))
        await run()

    uvloop.run(supervised())


def end_with_standard_input(stop: Callable[[], object]) -> None:
    """Call `stop`, in a thread, once standard input is closed: its other end was held by a process that is gone."""

    def wait() -> None:
        while os.read(sys.stdin.fileno(), 4096):
            continue
        stop()

    threading.Thread(target=wait, name="standard-input", daemon=True).start()
