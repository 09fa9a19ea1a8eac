"""What Postgres holds of a run, held in memory."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from headrace.domain.ids import new_id
from headrace.domain.outcome import Completed, NodeFailed
from headrace.domain.payload import decode
from headrace.domain.progress import WHOLE, Arrival, Checkpoint, Kept, Pause, Progress
from headrace.engine import EventSchema
from headrace.engine.json_form import to_json
from headrace.engine.plan import Plan
from headrace.engine.schema import match_key_of
from headrace.engine.traces.lines import Line
from headrace.testing.lines import lines_of
from headrace.testing.run import Note


class Memory:
    """Of one run. While it is not open, the process that would write is dead."""

    def __init__(self, plan: Plan, event: EventSchema, arrivals: Sequence[EventSchema], start: datetime) -> None:
        self.is_open = True
        self.event_id = new_id(start)
        self.failures: Mapping[str, int] = {}
        self.notes: list[Note] = []
        self.emitted: list[Mapping[str, Any]] = []
        self.lines: list[Line] = []
        self._plan = plan
        self._event = event
        self._accepted = [_Accepted(arrived, start) for arrived in arrivals]
        self._checkpoints: dict[tuple[str, int], Checkpoint] = {}
        self._pauses: Sequence[Pause] = ()
        self._arrivals: dict[str, Arrival] = {}

    def take_note(self, node: str, note: bytes) -> None:
        """Keep a note at once."""
        if self.is_open:
            content = decode(note)
            self.notes.append(Note(node, content.pop("message"), content))

    async def store(self, checkpoints: Sequence[Checkpoint]) -> bool:
        """Keep what is finished in the middle of an attempt."""
        if self.is_open:
            self._checkpoints |= {(each.node, each.item): each for each in checkpoints}
        return self.is_open

    def kept(self) -> Kept:
        """What the next attempt builds on."""
        return Kept(tuple(self._checkpoints.values()), self._pauses, dict(self._arrivals))

    def keep(self, progress: Progress) -> None:
        """Take over what an attempt left that did not end the run."""
        self.failures, self._pauses = progress.failures, progress.pauses
        self._checkpoints |= {(each.node, each.item): each for each in progress.checkpoints}
        self.lines += lines_of(progress.logged)

    def end(self, outcome: Completed | NodeFailed) -> None:
        """Take over what is stored with the result."""
        self.emitted += [decode(event.body) for event in outcome.emitted]
        self.lines += lines_of(outcome.logged if isinstance(outcome, Completed) else outcome.progress.logged)

    def deliver(self) -> bool:
        """Give the nodes that wait the events that they wait for; whether one got one."""
        before = len(self._arrivals)
        for pause in self._pauses:
            if pause.awaited is None or pause.node in self._arrivals:
                continue
            for accepted in self._accepted:
                if (accepted.type, accepted.match_key) == (pause.awaited.type, pause.awaited.match_key):
                    self._arrivals[pause.node] = accepted.arrival
                    break
        return len(self._arrivals) > before

    def context(self) -> bytes:
        """The context of a run that has not ended."""
        whole = {node: each for (node, item), each in self._checkpoints.items() if item == WHOLE}
        states = {node: decode(each.times) for node, each in whole.items()}
        waiting = {pause.node.partition("[")[0]: {"state": "waiting"} for pause in self._pauses}
        metadata = {"pipeline": self._plan.pipeline, "version": self._plan.version, "nodes": states | waiting}
        outputs = {node: decode(each.output) for node, each in whole.items() if each.output is not None}
        return to_json({"event": self._event, "nodes": outputs, "metadata": metadata})


class _Accepted:
    """An event that was accepted after the run's own."""

    def __init__(self, event: EventSchema, at: datetime) -> None:
        data = event.model_dump(mode="json")
        self.type = event.type
        self.match_key = match_key_of(event.type, data)
        self.arrival = Arrival(new_id(at), to_json(data))
