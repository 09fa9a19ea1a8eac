"""Cancel, replay, retry now, reschedule, erase: what each does, to which events, and why it refuses others."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from headrace.domain.selection import Selection
from headrace.domain.states import FAILED_FOR, FINISHED, UNFINISHED, EventState, Reason
from headrace.engine import PipelineRegistry
from headrace.errors import (
    EventAlreadyFinished,
    EventUnfinished,
    HeadraceError,
    InvalidSelection,
    NotWaiting,
    OwnTask,
    UnknownNode,
    UnknownPipeline,
)
from headrace.store.cancelling import cancel
from headrace.store.choosing import (
    Chosen,
    choose_finished,
    choose_replayable,
    choose_unfinished,
    count_replayable,
    count_unfinished,
    name_replayable,
    name_unfinished,
)
from headrace.store.database import Connection, Database
from headrace.store.erasing import erase
from headrace.store.replaying import replay
from headrace.store.runs import RETRIED, reschedule, retry_now
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

    async def choose(
        self, connection: Connection, database: Database, selection: Selection, after: UUID, most: int, window: int
    ) -> tuple[list[Chosen], UUID | None]:
        """Of the next `window` events behind the id `after` those that are to be acted on, `most` at most, held until
        the end of the transaction; and the id to go on behind, None at the end.
        """

    async def perform(self, connection: Connection, database: Database, chosen: Sequence[Chosen]) -> Done:
        """Act on them. To be called in the transaction that chose them."""

    def refusal(self, event_id: UUID, standing: Standing) -> HeadraceError | None:
        """Why nothing can be done to an event that stands so; None if something can."""


class SelectiveAct(Act, Protocol):
    """An act on whatever events a selection means, which can be counted before."""

    def narrowed(self, selection: Selection) -> Selection:
        """Of what is meant, what the act is for. Raises InvalidSelection if that can be nothing."""

    async def count(
        self, connection: Connection, database: Database, selection: Selection, after: UUID, window: int
    ) -> tuple[Mapping[str, int], UUID | None]:
        """How many of the next `window` events behind the id `after` would be acted on, by type, and the id to go on
        behind, None at the end.
        """

    async def named(self, connection: Connection, database: Database, selection: Selection) -> list[Chosen]:
        """Of the ids of a selection, the events that would be acted on."""


@dataclass(frozen=True, slots=True)
class Cancel:
    """Ends unfinished events: at once, or where a worker holds them, by asking it."""

    actor: str
    name: str = "cancel"
    detail: Mapping[str, Any] = field(default_factory=dict)

    def narrowed(self, selection: Selection) -> Selection:
        _check_states(selection, UNFINISHED, "cancelled")
        _check_reasons(selection, set(Reason) - FAILED_FOR, "cancelled")
        return selection

    count = staticmethod(count_unfinished)
    named = staticmethod(name_unfinished)
    choose = staticmethod(choose_unfinished)

    async def perform(self, connection: Connection, database: Database, chosen: Sequence[Chosen]) -> Done:
        ids = [event.event_id for event in chosen]
        cancelled = await cancel(connection, database, ids, self.actor)
        return Done(sorted(cancelled.ended | cancelled.asked), cancelled.asked)

    def refusal(self, event_id: UUID, standing: Standing) -> HeadraceError | None:
        if standing.state in FINISHED:
            return EventAlreadyFinished(f"The event {event_id} is {standing.state} already.")
        return None


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
        _check_reasons(selection, FAILED_FOR, "replayed")
        return selection if self._node is None else replace(selection, types=_types_with(self._node, selection.types))

    count = staticmethod(count_replayable)
    named = staticmethod(name_replayable)
    choose = staticmethod(choose_replayable)

    async def perform(self, connection: Connection, database: Database, chosen: Sequence[Chosen]) -> Done:
        replayed = []
        for redo, ids in self._parts(chosen):
            replayed += await replay(connection, database, ids, goes_on=self.begin == FAILED, redo=redo)
        due = {event.event_id: event.queue for event in replayed}
        return Done(sorted(due), due=due)

    def refusal(self, event_id: UUID, standing: Standing) -> HeadraceError | None:
        if standing.state in UNFINISHED:
            return EventUnfinished(f"The event {event_id} is {standing.state}: there is nothing to replay yet.")
        if standing.task is not None:
            return OwnTask(f"The event {event_id} is processed by the task {standing.task!r}: send it to that again.")
        return None if self._node is None else _lack(standing.type, self._node)

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
    """Makes events due that wait for their delivery, for a retry, for a pipeline or for a schema."""

    name: str = "retry-now"
    detail: Mapping[str, Any] = field(default_factory=dict)

    def narrowed(self, selection: Selection) -> Selection:
        _check_states(selection, {EventState.WAITING}, "tried at once")
        _check_reasons(selection, RETRIED, "tried at once")
        return replace(selection, states=(EventState.WAITING,), reasons=selection.reasons or RETRIED)

    count = staticmethod(count_unfinished)
    named = staticmethod(name_unfinished)
    choose = staticmethod(choose_unfinished)

    async def perform(self, connection: Connection, database: Database, chosen: Sequence[Chosen]) -> Done:
        due = await retry_now(connection, database, [event.event_id for event in chosen])
        return Done(sorted(due), due=due)

    def refusal(self, event_id: UUID, standing: Standing) -> HeadraceError | None:
        if standing.state is EventState.WAITING and standing.reason in RETRIED:
            return None
        return NotWaiting(f"The event {event_id} does not wait for a retry: it {_otherwise(standing)}.")


@dataclass(frozen=True, slots=True)
class Reschedule:
    """Gives events that wait for their delivery another time of it."""

    deliver_at: datetime
    name: str = "reschedule"

    @property
    def detail(self) -> Mapping[str, Any]:
        return {"deliver_at": self.deliver_at.isoformat()}

    def narrowed(self, selection: Selection) -> Selection:
        """Of what is meant, what the act is for."""
        return replace(selection, states=(EventState.WAITING,), reasons=(Reason.DELAY,))

    choose = staticmethod(choose_unfinished)

    async def perform(self, connection: Connection, database: Database, chosen: Sequence[Chosen]) -> Done:
        return Done(await reschedule(connection, database, [event.event_id for event in chosen], self.deliver_at))

    def refusal(self, event_id: UUID, standing: Standing) -> HeadraceError | None:
        if standing.state is EventState.WAITING and standing.reason == Reason.DELAY:
            return None
        return NotWaiting(f"The event {event_id} does not wait for its delivery: it {_otherwise(standing)}.")


@dataclass(frozen=True, slots=True)
class Erase:
    """Forgets finished events, whatever task processed them."""

    name: str = "erase"
    detail: Mapping[str, Any] = field(default_factory=dict)

    choose = staticmethod(choose_finished)

    async def perform(self, connection: Connection, database: Database, chosen: Sequence[Chosen]) -> Done:
        return Done(await erase(connection, database, [event.event_id for event in chosen]))

    def refusal(self, event_id: UUID, standing: Standing) -> HeadraceError | None:
        if standing.state in UNFINISHED:
            return EventUnfinished(f"The event {event_id} is {standing.state}: cancel it first, then erase it.")
        return None


def _otherwise(standing: Standing) -> str:
    return f"waits for another reason: {standing.reason}" if standing.reason else f"is {standing.state}"


def _check_states(selection: Selection, allowed: Collection[EventState], done: str) -> None:
    if not set(selection.states) <= set(allowed):
        raise InvalidSelection(f"Only events in these states can be {done}: {_listed(allowed)}.")


def _check_reasons(selection: Selection, allowed: Collection[Reason], done: str) -> None:
    if not set(selection.reasons) <= set(allowed):
        raise InvalidSelection(f"Only events with these reasons can be {done}: {_listed(allowed)}.")


def _listed(words: Collection[str]) -> str:
    return ", ".join(sorted(words))


def _types_with(node: str, types: Sequence[str]) -> Sequence[str]:
    """Of these types, or else of all, those with a pipeline that has the node. Raises why, if there is none."""
    asked = types or sorted(PipelineRegistry.types())
    lacks = {type_: lack for type_ in asked if (lack := _lack(type_, node)) is not None}
    if len(lacks) == len(asked):
        raise next(iter(lacks.values())) if len(lacks) == 1 else UnknownNode(f"No pipeline has a node {node!r}.")
    return [type_ for type_ in asked if type_ not in lacks]


def _lack(type_: str, node: str) -> HeadraceError | None:
    """Why events of a type cannot be replayed from a node, if so."""
    try:
        PipelineRegistry.after(type_, node)
    except (UnknownNode, UnknownPipeline) as error:
        return error
    return None
