"""What is known where a node's function runs: which event, which node, what it asks for beside its output."""

from collections.abc import Callable
from contextvars import ContextVar

from headrace.domain.event import NewEvent
from headrace.engine.traces.leaving import Traces
from headrace.engine.traces.lines import Lines


class Call:
    """One call of a node's function, or of a map's for one item. `node` is `name`, or `name[3]`.

    `is_over` says, in any thread, whether the attempt waits for nothing any more, and `is_left` whether not for this.
    `emitted` and `finishes` are what the node asked for. `unended` is what was printed behind the last line break:
    whoever made the call hands it to `headrace.engine.traces.printing.finish_prints` at the end.
    """

    __slots__ = ("emitted", "finishes", "is_left", "is_over", "node", "traces", "unended")

    def __init__(self, traces: Traces, node: str, is_over: Callable[[], bool] = lambda: False) -> None:
        self.traces = traces
        self.node = node
        self.is_over = is_over
        self.is_left = False
        self.emitted: list[NewEvent] = []
        self.finishes = False
        self.unended = ""

    @property
    def event_id(self) -> str:
        return str(self.traces.event_id)

    @property
    def cancelled(self) -> bool:
        """Whether nobody waits for it any more."""
        return self.is_left or self.is_over()

    @property
    def lines(self) -> Lines:
        """Takes what is logged and printed."""
        return self.traces.lines

    @property
    def idempotency_key(self) -> str:
        """The same for this event, epoch, node and item, however often the node is called."""
        return f"{self.traces.event_id}.{self.traces.epoch}.{self.node}"


#: The call that runs here; threads of nodes have it in their copy of the context.
calling: ContextVar[Call | None] = ContextVar("calling", default=None)


def current_call() -> Call | None:
    """The call that runs here, if this is a node's code."""
    return calling.get()
