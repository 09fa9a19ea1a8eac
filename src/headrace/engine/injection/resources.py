"""Resources, opened when a node first needs them, and closed with their run or their process."""

import asyncio
import inspect
from collections.abc import Callable, Mapping
from contextlib import (
    AbstractAsyncContextManager,
    AbstractContextManager,
    AsyncExitStack,
    asynccontextmanager,
    contextmanager,
    suppress,
)
from contextvars import Context, copy_context
from functools import partial
from types import MappingProxyType
from typing import Any

import structlog

from headrace.engine.injection.markers import Resource, Secret, markers_of
from headrace.errors import ConfigurationError
from headrace.settings import read_secret

#: A resource may take this long to close; then it is left to itself.
CLOSE_SECONDS = 5.0

#: One that is still being opened may take this long to end.
CANCEL_SECONDS = 1.0

_log = structlog.get_logger(__name__)


class Resources:
    """The resources of a process. `replaced` gives factories' values, which are neither opened nor closed."""

    def __init__(
        self,
        replaced: Mapping[Callable[..., Any], Any] = MappingProxyType({}),
        secrets: Callable[[str], str | None] = read_secret,
    ) -> None:
        self.replaced = replaced
        self.secrets = secrets
        self.opened = _Opened(Context)

    async def open_run(self) -> "RunResources":
        """The resources of one run, to be closed at its end."""
        return RunResources(self)

    async def close(self) -> None:
        """Close those of the process, the last opened first; the runs' are to be closed before. Raises nothing."""
        await self.opened.close()


class RunResources:
    """The resources and secrets that one run sees."""

    def __init__(self, process: Resources) -> None:
        self._process = process
        self._opened = _Opened(copy_context)
        self._secrets: dict[str, str] = {}

    async def get(self, wanted: Resource | Secret) -> Any:
        """The value of a resource, opened if this is its first use, or of a secret.

        Raises what the factory raises; the next call tries again. Raises ConfigurationError where a secret is missing.
        """
        if isinstance(wanted, Secret):
            return self._secret(wanted.name)
        if wanted.factory in self._process.replaced:
            return self._process.replaced[wanted.factory]
        opened = self._opened if wanted.scope == "run" else self._process.opened
        if wanted not in opened:
            arguments = {name: await self.get(marker) for name, marker in markers_of(wanted.factory).items()}
            opened.open(wanted, arguments)
        return await opened.value(wanted)

    async def close(self) -> None:
        """Close those of the run, the last opened first. Raises nothing: what does not close is logged."""
        await self._opened.close()

    def _secret(self, name: str) -> str:
        value = self._secrets.get(name) or self._process.secrets(name)
        if value is None:
            raise ConfigurationError([f"the secret {name} is missing: set {name} or {name}_FILE"])
        self._secrets[name] = value
        return value


class _Opened:
    """The resources of one scope, each after those that it needs."""

    def __init__(self, context: Callable[[], Context]) -> None:
        self._context = context
        self._lives: dict[Resource, _Life] = {}
        self._closed = False

    def __contains__(self, resource: Resource) -> bool:
        return resource in self._lives

    def open(self, resource: Resource, arguments: Mapping[str, Any]) -> None:
        """Begin to open a resource, unless another caller did meanwhile."""
        if self._closed:
            raise RuntimeError("these resources were closed")
        if resource not in self._lives:
            life = self._lives[resource] = _Life(resource, arguments, self._context())
            life.value.add_done_callback(partial(self._forget_failed, resource))

    async def value(self, resource: Resource) -> Any:
        """The value of a resource that is opened or about to be. Many may wait for it; each may be cancelled."""
        return await asyncio.shield(self._lives[resource].value)

    async def close(self) -> None:
        self._closed = True
        while self._lives:
            _, life = self._lives.popitem()  # the last one
            await life.close()

    def _forget_failed(self, resource: Resource, value: asyncio.Future[Any]) -> None:
        if value.cancelled() or value.exception() is not None:
            self._lives.pop(resource, None)


class _Life:
    """One resource, opened and closed in a task of its own: some must be left by the task that entered them."""

    def __init__(self, resource: Resource, arguments: Mapping[str, Any], context: Context) -> None:
        self.value: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._name = getattr(resource.factory, "__name__", type(resource.factory).__name__)
        self._closing = asyncio.Event()
        self._task = asyncio.create_task(self._live(resource.factory, arguments), context=context)

    async def _live(self, factory: Callable[..., Any], arguments: Mapping[str, Any]) -> None:
        try:
            async with AsyncExitStack() as exits:
                self.value.set_result(await _open(partial(factory, **arguments), exits))
                await self._closing.wait()
        except asyncio.CancelledError:
            self.value.cancel()
            raise
        except BaseException as error:  # noqa: BLE001 - the engine's rim: users' factories run here
            if self.value.done():
                _log.warning("a resource was not closed well", resource=self._name, error=type(error).__name__)
            else:
                self.value.set_exception(error)

    async def close(self) -> None:
        self._closing.set()
        opened = self.value.done()
        if not opened:
            self._task.cancel()
        _, late = await asyncio.wait([self._task], timeout=CLOSE_SECONDS if opened else CANCEL_SECONDS)
        if late:
            _log.warning("a resource does not close and is left to itself", resource=self._name)


async def _open(make: partial[Any], exits: AsyncExitStack) -> Any:
    """The value of a factory; `exits` gets what is to be done at the end."""
    if inspect.isasyncgenfunction(make):
        return await exits.enter_async_context(asynccontextmanager(make)())
    if inspect.isgeneratorfunction(make):
        return await _enter_in_thread(contextmanager(make)(), exits)
    made = make() if _is_async(make.func) else await _in_thread(make)
    if inspect.isawaitable(made) and not isinstance(made, AbstractAsyncContextManager):
        made = await made
    if isinstance(made, AbstractAsyncContextManager):
        return await exits.enter_async_context(made)
    if isinstance(made, AbstractContextManager):
        return await _enter_in_thread(made, exits)
    return made


def _is_async(factory: Callable[..., Any]) -> bool:
    """Whether a factory is to be called on the loop; what is entered there may want to be made there, too."""
    if isinstance(factory, type):
        return issubclass(factory, AbstractAsyncContextManager)
    return inspect.iscoroutinefunction(factory)


async def _enter_in_thread(manager: AbstractContextManager[Any], exits: AsyncExitStack) -> Any:
    value = await _in_thread(manager.__enter__)
    exits.push_async_callback(_in_thread, manager.__exit__, None, None, None)
    return value


async def _in_thread(function: Callable[..., Any], *arguments: Any) -> Any:
    """Call a function in a thread. Cancelling this waits for the thread: what it opens must not get lost."""
    call = asyncio.create_task(asyncio.to_thread(_outcome_of, function, *arguments))
    while not call.done():
        with suppress(asyncio.CancelledError):
            await asyncio.shield(call)
    value, error = call.result()
    if error is not None:
        raise error
    return value


def _outcome_of(function: Callable[..., Any], *arguments: Any) -> tuple[Any, BaseException | None]:
    try:
        return function(*arguments), None
    except BaseException as error:  # noqa: BLE001 - the engine's rim: even StopIteration reaches the loop as a value
        return None, error
