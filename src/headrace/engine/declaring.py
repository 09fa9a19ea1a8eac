"""The decorators of a pipeline: one for each shape of node. Each returns what it decorates, unchanged."""

import difflib
from abc import abstractmethod
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, TypedDict, TypeVar, Unpack, overload

from headrace.engine.node import NodeTarget, Pausing, Targets, names_of
from headrace.engine.options import NodeOptions, OnError
from headrace.engine.plan import leaves_of
from headrace.engine.shapes import DEFAULT_LIMIT, Finally, Join, Map, Plain, Router, Shape, Sleep, Wait
from headrace.engine.spec import NodeSpec, pausing_spec, spec_of

_Target = TypeVar("_Target", bound=NodeTarget)


class Options(TypedDict, total=False):
    """The keywords of every decorator; see `NodeOptions`."""

    retries: int | None
    backoff: Sequence[float] | None
    timeout_seconds: float
    after: Targets
    retry_on: Sequence[type[BaseException]]
    version: str | int
    checkpoint: bool
    process: bool
    on_error: OnError


class Declaring:
    """What a pipeline is written with."""

    @abstractmethod
    def _declared(self) -> list[NodeSpec]: ...

    @abstractmethod
    def _add(self, spec: NodeSpec) -> None: ...

    @overload
    def node(self, target: _Target, /) -> _Target: ...

    @overload
    def node(self, **options: Unpack[Options]) -> Callable[[_Target], _Target]: ...

    def node(self, target: Any = None, **options: Unpack[Options]) -> Any:
        """Make a function, a Node or a Node class a node of this pipeline. For the options see `NodeOptions`."""
        return self._decorate(target, Plain(), options)

    @overload
    def router(self, target: _Target, /) -> _Target: ...

    @overload
    def router(self, **options: Unpack[Options]) -> Callable[[_Target], _Target]: ...

    def router(self, target: Any = None, **options: Unpack[Options]) -> Any:
        """A node that returns which of the nodes directly behind it run: a node or its name, several, or None.

        The others are skipped, and with them what needs them.
        """
        return self._decorate(target, Router(), options)

    @overload
    def join(self, target: _Target, /) -> _Target: ...

    @overload
    def join(self, *, any: Targets = (), **options: Unpack[Options]) -> Callable[[_Target], _Target]: ...

    def join(self, target: Any = None, *, any: Targets = (), **options: Unpack[Options]) -> Any:  # noqa: A002 - likewise
        """A node that takes what there is: it runs once all before it finished or were skipped, unless all were.

        With `any`, it runs as soon as one of these finished. What was skipped, or is not there yet, is None.
        """
        return self._decorate(target, Join(tuple(names_of(any))), options)

    def map(
        self, *, over: str | NodeTarget, limit: int = DEFAULT_LIMIT, **options: Unpack[Options]
    ) -> Callable[[_Target], _Target]:
        """A node that is called for each `item` of a list, `limit` at once; its output is the list of what it returned.

        `over` is a node, or a field as in `over="event.pages"`. Each item has its own retries, timeout and checkpoint.
        """
        shape = Map(over if isinstance(over, str) else names_of(over)[0], limit)
        return self._decorate(None, shape, options)  # type: ignore[no-any-return]  # what decorates the function

    @overload
    def finally_(self, target: _Target, /) -> _Target: ...

    @overload
    def finally_(self, **options: Unpack[Options]) -> Callable[[_Target], _Target]: ...

    def finally_(self, target: Any = None, **options: Unpack[Options]) -> Any:
        """A node that runs at the end of the run, when all others are through or one failed for good.

        It may take `error`, an ErrorReport or None, and outputs of nodes, which are None where there is none.
        """
        return self._decorate(target, Finally(), options)

    def sleep(
        self,
        name: str = "sleep",
        *,
        after: Targets = (),
        seconds: float = 0.0,
        minutes: float = 0.0,
        hours: float = 0.0,
        days: float = 0.0,
    ) -> Pausing:
        """A node that lets time pass while the run holds no worker; what comes behind it names it in `after=`.

        Without `after`, it stands behind the last nodes so far.
        """
        duration_seconds = seconds + 60 * minutes + 3_600 * hours + 86_400 * days
        return self._pause(name, Sleep(duration_seconds), after)

    def wait_for(
        self,
        type: str,  # noqa: A002 - the user's keyword
        *,
        key: str,
        timeout: float | timedelta | None = None,
        name: str | None = None,
        after: Targets = (),
    ) -> Pausing:
        """A node whose output is the first event of a type, accepted after the run's, with a key in its match field.

        `key` is a field of this event, a node, or a path like `create.id`. After `timeout`, in seconds, the output is
        None. It is named after the type: `order_paid` for `order.paid`. Without `after`, and if `key` is no node's, it
        stands behind the last nodes so far.
        """
        seconds = timeout.total_seconds() if isinstance(timeout, timedelta) else timeout
        return self._pause(name or type.replace(".", "_").replace("-", "_"), Wait(type, key, seconds), after)

    def _pause(self, name: str, shape: Sleep | Wait, after: Targets) -> Pausing:
        names = names_of(after) or leaves_of(self._declared())
        self._add(pausing_spec(name, shape, names))
        return Pausing(name)

    def _decorate(self, target: Any, shape: Shape, options: Options) -> Any:
        checked = _checked(options)
        if target is None:
            return lambda given: self._decorate(given, shape, options)
        self._add(spec_of(target, checked, shape=shape))
        return target


def _checked(options: Options) -> NodeOptions:
    """Raises TypeError for a keyword that is no option, with the nearest that is one."""
    known = list(Options.__annotations__)
    for name in options:
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1, cutoff=0.4)
            hint = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(known)}"
            raise TypeError(f"{name!r} is no option of a node; {hint}")
    return NodeOptions(**options)
