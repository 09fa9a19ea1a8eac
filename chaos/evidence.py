"""All that a round leaves to be judged, as plain values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from chaos.calls import NodeCall
from chaos.journal import History
from chaos.measures import Measures


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """A row of `events`: `intent` is what its body names, `parent` the event whose run emitted it."""

    id: str
    type: str
    intent: str
    parent: str | None = None


@dataclass(frozen=True, slots=True)
class StoredRun:
    """A row of `runs`: what is not finished."""

    event_id: str
    state: str
    reason: str | None
    attempt: int


@dataclass(frozen=True, slots=True)
class StoredResult:
    """A row of `results` or, if `past`, of `past_results`.

    `nodes` are the outputs of its task context; `made_by` is the attempt that left them, as its nodes told, None where
    that attempt called none.
    """

    event_id: str
    run_number: int
    attempt: int
    state: str
    reason: str | None = None
    nodes: Mapping[str, object] = field(default_factory=dict)
    made_by: int | None = None
    past: bool = False


@dataclass(frozen=True, slots=True)
class Ledger:
    """The counts by their sources, at one quiet moment: `told` is what each API answers, by where it does.

    `both`, `neither` and `strangers` are events with a run and a result, with none, and runs or results of no event.
    """

    counted: Mapping[str, int]
    tallied: Mapping[str, int]
    told: Mapping[str, Mapping[str, int]]
    both: Sequence[str] = ()
    neither: Sequence[str] = ()
    strangers: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class CopyState:
    """The search copy beside PostgreSQL, when it was whole or as it stayed: ids of events with their versions.

    `finished` are those that are to be in the copy, `held` what is in it. That was read `seconds` after the healing.
    """

    finished: Sequence[tuple[str, int]]
    held: Sequence[tuple[str, int]]
    seconds: float


@dataclass(frozen=True, slots=True)
class Evidence:
    """Of one round: `events` to `calls` are those of its own intents, all else of the whole cluster.

    `lost_attempts` are (event, run number, attempt) that were taken over from a process that had vanished.
    `quiet_seconds` is None if work remained at the end. `listed_failed` are the failed events that the API lists.
    """

    history: History
    events: Sequence[StoredEvent]
    runs: Sequence[StoredRun]
    results: Sequence[StoredResult]
    lost_attempts: frozenset[tuple[str, int, int]]
    listed_failed: frozenset[str]
    calls: Sequence[NodeCall]
    ledger: Ledger
    quiet_seconds: float | None
    baseline: Measures
    measures: Measures
    copy: CopyState
