"""`celery -A headrace.worker worker`: the same executor in a thread of each process that Celery runs tasks in."""

import asyncio
import logging
import sys
import threading
from collections.abc import Callable, Coroutine
from typing import Any

from celery import signals

from headrace.bootstrap import celery_app, check_storage, load_app, open_relay
from headrace.engine.traces.noting import KeepingHandler
from headrace.engine.traces.printing import capture_prints
from headrace.errors import ConfigurationError
from headrace.flow.execute import Lane
from headrace.settings import get_settings
from headrace.settings.logs import MaskingFormatter
from headrace.settings.problems import tell_problems
from headrace.worker.process import ProcessOptions, WorkerProcess

#: What runs in a thread can be stopped within so many seconds of its start, or has failed.
START_SECONDS = 5.0

#: Beyond the grace, a thread that does not end is left behind after so many seconds.
JOIN_SECONDS = 15.0

#: The exit code of a start that is refused, as that of `headrace worker`.
REFUSED = 2

#: Takes what stops a thing, from any thread, once it can be stopped.
Made = Callable[[Callable[[], object]], None]


class LoopThread:
    """Runs something on a loop of its own in a thread, because the main thread is Celery's."""

    def __init__(self, name: str, run: Callable[[Made], Coroutine[Any, Any, None]]) -> None:
        self._name = name
        self._run = run
        self._stop: Callable[[], object] = lambda: None
        self._made = threading.Event()
        self._stopped = False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start it, once, and not after `stop`."""
        if self._thread is None and not self._stopped:
            # Not made before: a fork leaves every thread that exists as one that has ended.
            self._thread = threading.Thread(
                target=lambda: asyncio.run(self._run(self._note)), name=self._name, daemon=True
            )
            self._thread.start()

    def stop(self) -> None:
        """End it in order, and wait for its end."""
        self._stopped = True
        if self._thread is not None and self._made.wait(START_SECONDS):
            self._stop()
            self._thread.join(get_settings().grace_seconds + JOIN_SECONDS)

    def _note(self, stop: Callable[[], object]) -> None:
        self._stop = stop
        self._made.set()


async def _execute(made: Made) -> None:
    logging.getLogger().addHandler(KeepingHandler())
    capture_prints()  # around what Celery put in the place of standard output
    process = WorkerProcess(get_settings(), ProcessOptions(lane=Lane.ALL, consumes=False))
    made(process.request_stop)
    await process.run()


async def _lead(made: Made) -> None:
    loop = asyncio.get_running_loop()
    async with open_relay(get_settings(), declares=True) as relay:
        made(lambda: loop.call_soon_threadsafe(relay.stop))
        await relay.run()


_executor = LoopThread("executor", _execute)
_relay = LoopThread("relay", _lead)


@signals.celeryd_init.connect
def check_before_start(**_: Any) -> None:
    """Refuse to start where events could be lost, or on a schema that does not fit, as `headrace worker` does."""
    try:
        check_storage(get_settings())
    except ConfigurationError as error:
        sys.stderr.write(f"{tell_problems(error)}\n")
        # Celery logs any other exception of a receiver, and starts all the same.
        sys.exit(REFUSED)


@signals.after_setup_logger.connect
@signals.after_setup_task_logger.connect
def mask_secrets(logger: logging.Logger, **_: Any) -> None:
    """Celery's own lines, and what nodes and tasks log through its handlers."""
    for handler in logger.handlers:
        handler.setFormatter(MaskingFormatter(handler.formatter))


@signals.import_modules.connect(sender=celery_app)
@signals.worker_init.connect
def find_users_tasks(**_: Any) -> None:
    """Import the user's module, in which tasks declare themselves."""
    load_app(get_settings())


@signals.worker_process_init.connect
def start_in_child(**_: Any) -> None:
    """A prefork child executes by itself."""
    _executor.start()


@signals.worker_process_shutdown.connect
def stop_in_child(**_: Any) -> None:
    """It gives back what it cannot finish."""
    _executor.stop()


@signals.worker_ready.connect
def start_in_main(sender: Any, **_: Any) -> None:
    """The main process carries the relay, and executes if its pool runs tasks in threads of this process."""
    if type(sender.controller).__module__ == "celery.worker.worker":
        return  # the consumer inside `headrace worker`, which has its own executor and relay
    _relay.start()
    if not sender.controller.pool_cls.uses_semaphore:
        _executor.start()


@signals.worker_shutting_down.connect
def stop_in_main(**_: Any) -> None:
    """Begin to stop at the signal, in a thread: Celery's own shutdown goes on meanwhile."""
    threading.Thread(target=_stop_both, daemon=False).start()


def _stop_both() -> None:
    _executor.stop()
    _relay.stop()
