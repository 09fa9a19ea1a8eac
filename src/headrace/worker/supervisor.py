"""The supervisor: keeps worker processes alive, replaces those that are stuck or too big, carries a relay."""

import asyncio
import contextlib
import math
import signal
import time
from collections.abc import Mapping

import structlog

from headrace.bootstrap import load_app, open_relay
from headrace.flow.execute import TOGETHER, Lane
from headrace.flow.relay import Relay
from headrace.settings import Settings
from headrace.store.look import LostDue
from headrace.worker.child import Child, start_child
from headrace.worker.deaths import DeathNotices

#: Seconds between two looks at the children.
LOOK_SECONDS = 0.2

#: A process that ends before it has begun to work is not replaced at once, but after a growing pause, this at most.
LONGEST_PAUSE_SECONDS = 30.0

#: A process has this long to import the user's code before it must tick.
START_SECONDS = 60.0

#: A process that was asked to end because of its size, and still grows to so many times the limit, is killed.
FAR_TOO_BIG = 1.5

#: Beyond the grace, a process that still runs is killed after so many seconds.
KILL_AFTER_SECONDS = 5.0

#: The most processes of a lane for runs that lost workers: they wait more than they work.
MOST_APART = 4

#: A process that was started so long ago has claimed what it can hold: what waits is left for others.
CLAIMS_AFTER_SECONDS = 3.0

_log = structlog.get_logger(__name__)


class Supervisor:
    """Runs `worker_processes` worker processes, and a few more for runs that lost workers while there are any."""

    def __init__(self, settings: Settings, environment: Mapping[str, str]) -> None:
        self._settings = settings
        self._environment = environment
        self._children: list[Child] = []
        self._notices = DeathNotices(settings)
        self._stopping = asyncio.Event()
        self._pause_seconds = 0.0
        self._not_before = 0.0

    def request_stop(self) -> None:
        """End in order. A second request ends the processes at once."""
        if self._stopping.is_set():
            for child in self._children:
                child.kill()
        self._stopping.set()

    async def run(self) -> None:
        """Supervise until asked to stop; returns when no process is left.

        Raises ConfigurationError, or what the import of the user's module raises, before anything is started.
        """
        load_app(self._settings, secrets=True)
        async with open_relay(self._settings, self._isolate, declares=True) as relay:
            relaying = asyncio.create_task(relay.run())
            while not self._stopping.is_set():
                self._look()
                await self._rest()
            await self._stop_children()
            await self._stop_relay(relay, relaying)

    def _look(self) -> None:
        for child in list(self._children):
            if child.has_ended():
                self._bury(child)
            elif child.retired:
                self._hurry(child)
            else:
                self._examine(child)
        self._notices.deliver()
        ordinary = [child for child in self._children if child.lane is Lane.SOUND and not child.retired]
        if len(ordinary) < self._settings.worker_processes and time.monotonic() >= self._not_before:
            self._start(Lane.SOUND)

    def _examine(self, child: Child) -> None:
        """Replace a process that is stuck or too big: its successor starts before it ends."""
        now = time.monotonic()
        silent_seconds = now - (child.ticked or child.started)
        if silent_seconds > (self._settings.stuck_seconds if child.ticked else START_SECONDS):
            _log.error("worker process is stuck; replacing it", pid=child.pid)
            self._start(child.lane)
            child.kill()
        elif child.memory_bytes() > self._settings.worker_memory_bytes:
            _log.warning("worker process is too big; replacing it", pid=child.pid)
            self._start(child.lane)
            child.retire()

    def _hurry(self, child: Child) -> None:
        """Kill a process that was asked to end and does not, or that goes on growing."""
        ending_seconds = time.monotonic() - (child.retired_at or 0.0)
        too_late = ending_seconds > self._settings.grace_seconds + KILL_AFTER_SECONDS
        if too_late or child.memory_bytes() > FAR_TOO_BIG * self._settings.worker_memory_bytes:
            _log.error("worker process does not end; killing it", pid=child.pid)
            child.kill()

    def _bury(self, child: Child) -> None:
        self._children.remove(child)
        child.close(asyncio.get_running_loop())
        self._notices.add(child.launch)  # also after an exit in order: what it signed off, the notice does not find
        code = child.process.returncode
        if code == 0 or (child.retired and code == -signal.SIGTERM):
            return  # in order, or asked to end before it had begun
        _log.warning("worker process died; its runs are taken over", pid=child.pid, exit_code=code)
        if child.lane is not Lane.SOUND:
            return
        if not child.ticked:
            self._pause_seconds = min(LONGEST_PAUSE_SECONDS, 2 * self._pause_seconds or 1.0)
            self._not_before = time.monotonic() + self._pause_seconds
        else:
            self._pause_seconds = 0.0

    def _isolate(self, due: LostDue) -> None:
        """Start the processes for runs that lost workers; they end by themselves when they have nothing to do."""
        for lane, waiting in ((Lane.LOST, due.together), (Lane.ALONE, due.alone)):
            there_are = [child for child in self._children if child.lane is lane]
            begin = sum(time.monotonic() - child.started < CLAIMS_AFTER_SECONDS for child in there_are)
            is_short = len(there_are) < MOST_APART and begin < math.ceil(waiting / TOGETHER[lane])
            if is_short and not self._stopping.is_set():
                self._start(lane)

    def _start(self, lane: Lane) -> None:
        child = start_child(lane, self._environment, asyncio.get_running_loop())
        self._children.append(child)
        _log.info("worker process started", pid=child.pid, lane=lane.value)

    async def _rest(self) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), LOOK_SECONDS)

    async def _stop_children(self) -> None:
        for child in self._children:
            child.retire()
        kill_at = time.monotonic() + self._settings.grace_seconds + KILL_AFTER_SECONDS
        while self._children:
            for child in list(self._children):
                if child.has_ended():
                    self._bury(child)
                elif time.monotonic() > kill_at:
                    child.kill()
            await asyncio.sleep(LOOK_SECONDS / 4)
        self._notices.deliver()

    async def _stop_relay(self, relay: Relay, relaying: asyncio.Task[None]) -> None:
        await self._notices.delivered()
        relay.stop()
        await asyncio.wait({relaying}, timeout=KILL_AFTER_SECONDS)
        relaying.cancel()
