"""Cancel, replay, retry now: which events each is for, what it does to them, and why it refuses others."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol
from uuid import UUID

from headrace.domain.selection import Selection
from headrace.domain.states import FINISHED, UNFINISHED, EventState
from headrace.engine import PipelineRegistry
from headrace.errors import (
    Conflict,
    EventAlreadyFinished,
    EventUnfinished,
    HeadraceError,
    InvalidSelection,
    NotWaiting,
    OwnTask,
    UnknownNode,
)
from headrace.store.cancelling import cancel
from headrace.store.choosing import (
    Chosen,
    choose_replayable,
    choose_unfinished,
    count_replayable,
    count_unfinished,
)
from headrace.store.database import Connection, Database
from headrace.store.replaying import replay
from headrace.store.runs import RETRIED, retry_now
from headrace.store.standing import Standing

#: Where a replay begins that is not at a node: afresh, or where a failed or cancelled run ended.
START, FAILED = "start", "failed"


@dataclass(frozen=True, slots=True)
class Done:
    """The events that were acted on. The owners of those in `asked` are yet to end them; `due` has queues by event."""

    ids: Sequence[UUID]
    asked: frozenset[UUID] = frozenset()
    due: Mapping[UUID, str] = field(default_factory=dict)


class Act(Protocol):
    """One kind of act on events."""

    @property
    def name(self) -> str:
        """How the audit calls it."""

    @property
    def detail(self) -> Mapping[str, Any]:
        """What the audit says of it beside the events."""

    def narrowed(self, selection: Selection) -> Selection:
        """Of what is meant, what the act is for. Raises InvalidSelection if that can be nothing."""

    async def count(self, connection: Connection, database: Database, selection: Selection) -> Mapping[str, int]:
        """How many events would be acted on, by type."""

    async def choose(
        self, connection: Connection, database: Database, selection: Selection, after: UUID, most: int
    ) -> list[Chosen]:
        """The next `most` events behind the id `after`, held until the end of the transaction."""

    async def perform(self, connection: Connection, database: Database, chosen: Sequence[Chosen]) -> Done:
        """Act on them. To be called in the transaction that chose them."""

    def refusal(self, event_id: UUID, standing: Standing) -> HeadraceError:
        """Why an event that stands so was not acted on."""


@dataclass(frozen=True, slots=True)
class Cancel:
    """Ends unfinished events: at once, or where a worker holds them, by asking it."""

    actor: str
    name: str = "cancel"
    detail: Mapping[str, Any] = field(default_factory=dict)

    def narrowed(self, selection: Selection) -> Selection:
        _check_states(selection, UNFINISHED, "cancelled")
        return selection

    count = staticmethod(count_unfinished)
    choose = staticmethod(choose_unfinished)

    async def perform(self, connection: Connection, database: Database, chosen: Sequence[Chosen]) -> Done:
        ids = [event.event_id for event in chosen]
        cancelled = await cancel(connection, database, ids, self.actor)
        return Done(sorted(cancelled.ended | cancelled.asked), cancelled.asked)

    def refusal(self, event_id: UUID, standing: Standing) -> HeadraceError:
        if standing.state in FINISHED:
            return EventAlreadyFinished(f"The event {event_id} is {standing.state} already.")
        return _changed(event_id)


@dataclass(frozen=True, slots=True)
class Replay:
    """Runs finished events again: from the start, from where they ended, or from a node and what is after it."""

    begin: str
    name: str = "replay"

    @property
    def detail(self) -> Mapping[str, Any]:
        return {"from": self.begin}

    def narrowed(self, selection: Selection) -> Selection:
        _check_states(selection, FINISHED, "replayed")
        if self._node is None or selection.names_all:
            return selection
        for type_ in selection.types:
            PipelineRegistry.after(type_, self._node)
        return replace(selection, types=selection.types or _types_with(self._node))

    count = staticmethod(count_replayable)
    choose = staticmethod(choose_replayable)

    async def perform(self, connection: Connection, database: Database, chosen: Sequence[Chosen]) -> Done:
        replayed = []
        for redo, ids in self._parts(chosen):
            replayed += await replay(connection, database, ids, goes_on=self.begin == FAILED, redo=redo)
        due = {event.event_id: event.queue for event in replayed}
        return Done(sorted(due), due=due)

    def refusal(self, event_id: UUID, standing: Standing) -> HeadraceError:
        if standing.state in UNFINISHED:
            return EventUnfinished(f"The event {event_id} is {standing.state}: there is nothing to replay yet.")
        if standing.task is not None:
            return OwnTask(f"The event {event_id} is processed by the task {standing.task!r}: send it to that again.")
        return _changed(event_id)

    def _parts(self, chosen: Sequence[Chosen]) -> list[tuple[frozenset[str] | None, list[UUID]]]:
        """The ids with the nodes that are called again; what these are, depends on the type."""
        if self._node is None:
            return [(None, [event.event_id for event in chosen])]
        by_type: dict[str, list[UUID]] = defaultdict(list)
        for event in chosen:
            by_type[event.type].append(event.event_id)
        return [(PipelineRegistry.after(type_, self._node), ids) for type_, ids in by_type.items()]

    @property
    def _node(self) -> str | None:
        return None if self.begin in (START, FAILED) else self.begin


@dataclass(frozen=True, slots=True)
class RetryNow:
    """Makes events due that wait for a retry, for a pipeline or for a schema."""

    name: str = "retry-now"
    detail: Mapping[str, Any] = field(default_factory=dict)

    def narrowed(self, selection: Selection) -> Selection:
        _check_states(selection, {EventState.WAITING}, "tried at once")
        if not set(selection.reasons) <= set(RETRIED):
            raise InvalidSelection(f"Only these reasons to wait can be ended: {_listed(RETRIED)}.")
        return replace(selection, states=(EventState.WAITING,), reasons=selection.reasons or RETRIED)

    count = staticmethod(count_unfinished)
    choose = staticmethod(choose_unfinished)

    async def perform(self, connection: Connection, database: Database, chosen: Sequence[Chosen]) -> Done:
        due = await retry_now(connection, database, [event.event_id for event in chosen])
        return Done(sorted(due), due=due)

    def refusal(self, event_id: UUID, standing: Standing) -> HeadraceError:
        waiting = f"waits for another reason: {standing.reason}" if standing.reason else f"is {standing.state}"
        return NotWaiting(f"The event {event_id} does not wait for a retry: it {waiting}.")


def _check_states(selection: Selection, allowed: Collection[EventState], done: str) -> None:
    if not set(selection.states) <= set(allowed):
        raise InvalidSelection(f"Only events in these states can be {done}: {_listed(allowed)}.")


def _listed(words: Collection[str]) -> str:
    return ", ".join(sorted(words))


def _types_with(node: str) -> Sequence[str]:
    """The types with a pipeline that has the node. Raises UnknownNode if there is none."""
    found = [type_ for type_ in sorted(PipelineRegistry.types()) if _has(type_, node)]
    if not found:
        raise UnknownNode(f"No pipeline has a node {node!r}.")
    return found


def _has(type_: str, node: str) -> bool:
    try:
        return bool(PipelineRegistry.after(type_, node))
    except UnknownNode:
        return False


def _changed(event_id: UUID) -> HeadraceError:
    return Conflict(f"The event {event_id} was changed by somebody else at this moment. Try again.")
