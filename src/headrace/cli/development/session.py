"""One run of `headrace dev`: start, watch, reload, end."""

import asyncio
import contextlib
import importlib
import os
import socket
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any, TypeVar

import httpx2
import structlog

from headrace.cli.development.greeting import greet, name_pipelines
from headrace.cli.development.programs import Programs
from headrace.cli.development.watching import changes_in
from headrace.cli.output import INTERRUPTED, say_error
from headrace.cli.trial import Trial, try_module
from headrace.embedded import EmbeddedServers, EmbeddedServices, remove_services, write_services
from headrace.errors import HeadraceError
from headrace.settings import Settings, child_environment

#: No delay before a retry is longer than this in development.
DELAY_CAP_SECONDS = 5.0

#: A worker that is replaced lets its events finish for so long, then gives them back.
GRACE_SECONDS = 5.0

#: Seconds between two looks at the servers and the programs, and at whether the API answers.
LOOK_SECONDS, ANSWER_SECONDS = 0.5, 0.05

#: The user's module, unless a setting or an option names another.
DEFAULT_APP = "app"

#: What runs while the user's own module is missing or broken.
NO_APP = "headrace.cli.development.no_app"

_log = structlog.get_logger("headrace.dev")

_Result = TypeVar("_Result")


class ServerEnded(HeadraceError):
    """One of the embedded servers ended by itself."""

    code = "server-ended"


class Development:
    """Embedded servers, an API on `listening` and a worker; the last two are replaced when the user's module changes.

    A module that is missing or broken stops nothing: events are taken, and wait for it.
    """

    def __init__(self, settings: Settings, workers: int, listening: socket.socket) -> None:
        self._settings = settings
        self._app = settings.app or DEFAULT_APP
        self._delay_cap_seconds = settings.retry_delay_cap_seconds or DELAY_CAP_SECONDS
        self._servers = EmbeddedServers(settings.data_dir)
        self._programs = Programs(workers, listening.fileno())
        self._own_url = "http://{}:{}".format(*listening.getsockname()[:2])
        self._services: EmbeddedServices | None = None
        self._telling: asyncio.Task[None] | None = None
        self._loaded = False
        self._changed: set[str] = set()
        self._wake = asyncio.Event()
        self._stopping = False

    def request_stop(self) -> None:
        """End in order. A second request ends this process at once, and the others with it."""
        if self._stopping:
            os._exit(INTERRUPTED)
        self._stopping = True
        self._wake.set()

    async def run(self) -> None:
        """Run until asked to stop; no process is left then.

        Raises the errors of the embedded servers, and ServerEnded when one of them is gone.
        """
        async with _background(self._watch()), contextlib.AsyncExitStack() as held:
            await self._begin(held)
            while not self._stopping:
                await self._rest()
                self._look()
                if self._changed:
                    await self._reload()
            _log.info(f"ending; the data stay in {self._settings.data_dir}")

    async def _begin(self, held: contextlib.AsyncExitStack) -> None:
        _log.info("starting PostgreSQL, Valkey, the API and a worker")
        async with _background(self._try_module()) as trying:
            self._services = await self._start_services(held)
            trial = await trying
        held.push_async_callback(self._programs.end)
        if trial is None:
            program = "none yet; `headrace init` writes a first one, and it is loaded at once"
        elif trial.error is None:
            program = f"{self._app}: {name_pipelines(trial.pipelines)}"
        else:
            say_error(trial.error)
            program = f"{self._app} cannot be loaded yet; events are taken and wait for it"
        self._start(trial)
        pipelines = trial.pipelines if trial else ()
        self._tell_when_ready(lambda: say_error(greet(self._settings, program, pipelines, self._delay_cap_seconds)))

    async def _start_services(self, held: contextlib.AsyncExitStack) -> EmbeddedServices:
        held.push_async_callback(asyncio.to_thread, self._servers.stop)
        services, schema = await asyncio.gather(
            asyncio.to_thread(self._servers.start),
            asyncio.to_thread(importlib.import_module, "headrace.cli.schema"),  # takes as long as the servers
        )
        await asyncio.to_thread(
            schema.migrate_schema,
            services.migrate_database_url,
            self._settings.database_schema,
            services.database_url,
        )
        write_services(
            self._settings.data_dir,
            database_url=services.database_url,
            migrate_database_url=services.migrate_database_url,
            redis_url=services.redis_url,
            api_url=self._settings.api_url,
        )
        held.callback(remove_services, self._settings.data_dir)
        return services

    def _start(self, trial: Trial | None) -> None:
        """Start the programs, in place of those that run, with the user's module if it can be used."""
        self._loaded = trial is not None and trial.error is None
        self._programs.start(self._environment(self._app if self._loaded else NO_APP))

    def _look(self) -> None:
        if (ended := self._servers.exited()) is not None:
            raise ServerEnded(f"{ended} ended by itself; see {self._settings.data_dir / 'logs'}.")
        self._programs.look()

    async def _reload(self) -> None:
        """Load a changed module; while it is broken, what runs goes on."""
        changed = ", ".join(sorted(self._changed))
        self._changed.clear()
        trial = await self._try_module()
        if trial is None:
            return
        if trial.error is not None:
            say_error(trial.error)
            _log.error(f"{self._app} cannot be loaded; {'the former one goes on' if self._loaded else 'events wait'}")
            return
        self._start(trial)
        pipelines = name_pipelines(trial.pipelines)
        self._tell_when_ready(lambda: _log.info(f"{self._app} is loaded anew", changed=changed, pipelines=pipelines))

    async def _try_module(self) -> Trial | None:
        """None when there is no module yet, and when a further change or the end came first."""
        if self._settings.app is None and not _has_default_app(Path.cwd()):
            return None
        async with _background(try_module(self._app)) as trying, _background(self._wake.wait()) as waking:
            await asyncio.wait({trying, waking}, return_when=asyncio.FIRST_COMPLETED)
            return trying.result() if trying.done() else None

    def _tell_when_ready(self, tell: Callable[[], object]) -> None:
        if self._telling is not None:
            self._telling.cancel()
        self._telling = asyncio.create_task(self._wait_and_tell(tell))

    async def _wait_and_tell(self, tell: Callable[[], object]) -> None:
        async with httpx2.AsyncClient(timeout=None, trust_env=False) as client:  # the port is open: it waits
            while not (self._programs.replaced("api") and await _answers(client, self._own_url)):  # noqa: ASYNC110
                await asyncio.sleep(ANSWER_SECONDS)
        tell()

    async def _watch(self) -> None:
        try:
            async for changed in changes_in(Path.cwd(), but=self._settings.data_dir.absolute()):
                self._changed |= changed
                self._wake.set()
        except (OSError, RuntimeError) as error:
            _log.warning("changes are not noticed; start again to load them", error=str(error))

    async def _rest(self) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), LOOK_SECONDS)
        self._wake.clear()

    def _environment(self, app: str) -> Mapping[str, str]:
        assert self._services is not None
        return child_environment(
            {
                "app": app,
                "database_url": self._services.database_url,
                "migrate_database_url": self._services.migrate_database_url,
                "redis_url": self._services.redis_url,
                "retry_delay_cap_seconds": self._delay_cap_seconds,
                "log_format": "console",
                "log_events": True,
                "grace_seconds": min(self._settings.grace_seconds, GRACE_SECONDS),
            }
        )


@contextlib.asynccontextmanager
async def _background(work: Coroutine[Any, Any, _Result]) -> AsyncIterator[asyncio.Task[_Result]]:
    task = asyncio.create_task(work)
    try:
        yield task
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def _has_default_app(folder: Path) -> bool:
    return (folder / f"{DEFAULT_APP}.py").exists() or (folder / DEFAULT_APP).is_dir()


async def _answers(client: httpx2.AsyncClient, url: str) -> bool:
    try:
        await client.get(f"{url}/health/live")
    except httpx2.TransportError:
        return False
    return True
