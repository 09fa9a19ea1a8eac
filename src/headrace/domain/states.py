"""The life of a run, as a table. The database check and the drawing in the docs are compared with it by tests."""

from collections.abc import Mapping
from enum import StrEnum


class EventState(StrEnum):
    """What an event is doing, as every reader sees it."""

    QUEUED = "queued"
    RUNNING = "running"
    WAITING = "waiting"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Reason(StrEnum):
    """Why an event waits, or why it failed beyond its own error."""

    RETRY = "retry"
    DELAY = "delay"
    SLEEP = "sleep"
    WAIT = "wait"
    NO_PIPELINE = "no-pipeline"
    SCHEMA_MISMATCH = "schema-mismatch"
    NEWER_RELEASE = "newer-release"
    PAUSED = "paused"
    OWN_TASK = "own-task"
    NODE_FAILED = "node-failed"
    WORKER_LOST = "worker-lost"


#: Reasons for which runs wait until something is deployed.
PARKED = (Reason.NO_PIPELINE, Reason.SCHEMA_MISMATCH, Reason.NEWER_RELEASE)

#: The reasons that an event keeps when it has failed; the others end with the wait.
FAILED_FOR = frozenset({Reason.NODE_FAILED, Reason.WORKER_LOST})

#: States with a row in `runs`.
UNFINISHED = frozenset({EventState.QUEUED, EventState.RUNNING, EventState.WAITING})

#: States with a row in `results`.
FINISHED = frozenset({EventState.SUCCEEDED, EventState.FAILED, EventState.CANCELLED})

#: From each state, the states that may follow. A finished event starts again only by a replay.
TRANSITIONS: Mapping[EventState, frozenset[EventState]] = {
    EventState.QUEUED: frozenset({EventState.RUNNING, EventState.WAITING, EventState.CANCELLED}),
    EventState.RUNNING: frozenset(
        {
            EventState.QUEUED,
            EventState.WAITING,
            EventState.SUCCEEDED,
            EventState.FAILED,
            EventState.CANCELLED,
        }
    ),
    EventState.WAITING: frozenset(
        {
            EventState.QUEUED,
            EventState.RUNNING,
            EventState.SUCCEEDED,
            EventState.FAILED,
            EventState.CANCELLED,
        }
    ),
    EventState.SUCCEEDED: frozenset({EventState.QUEUED}),
    EventState.FAILED: frozenset({EventState.QUEUED}),
    EventState.CANCELLED: frozenset({EventState.QUEUED}),
}
