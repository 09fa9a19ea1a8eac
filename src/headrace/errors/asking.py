"""Why something cannot be read, or done to an event."""

from headrace.errors.base import Conflict, FieldProblem, HeadraceError, InvalidInput, Unavailable


class InvalidParameter(InvalidInput):
    code = "invalid-parameter"


class InvalidQuery(InvalidParameter):
    """What is searched for cannot be understood. `position` counts the characters before the fault."""

    code = "invalid-query"

    def __init__(self, fault: str, position: int = 0) -> None:
        told = f"At character {position + 1}: {fault}."
        super().__init__(told, [FieldProblem("q", self.code, told)])
        self.position = position


class InvalidSelection(InvalidInput):
    """It does not say which events are meant, or means such as the act is not for."""

    code = "invalid-selection"


class CopyAway(Unavailable):
    """The search copy does not answer, or not now, or takes nothing: all of it is to be tried again later."""

    code = "search-unavailable"


class SearchOff(HeadraceError):
    code = "search-off"

    def __init__(self) -> None:
        super().__init__("Nothing is searched here: HEADRACE_SEARCH is false.")


class EventHeldElsewhere(HeadraceError):
    """The event's run belongs to a worker now, so its result cannot be written from here."""

    code = "event-held-elsewhere"


class EventAlreadyFinished(HeadraceError):
    """The event has a result already; a second one would need a replay."""

    code = "event-already-finished"


class EventUnfinished(HeadraceError):
    """The event is not finished yet, so there is nothing to replay."""

    code = "event-unfinished"


class NotWaiting(HeadraceError):
    """The event does not wait for a retry, a pipeline or a schema, so it cannot be tried at once."""

    code = "not-waiting"


class ScheduleExists(Conflict):
    code = "schedule-exists"


class ScheduleDeclared(HeadraceError):
    """The schedule is written in the user's program, which alone can change it."""

    code = "schedule-declared"


class NotSelected(HeadraceError):
    code = "not-selected"


class OwnTask(HeadraceError):
    """The event is processed by a task of the user's own, which alone can run it again."""

    code = "own-task"


class EventFailed(HeadraceError):
    """The result of an event that failed was asked for: the type and the message of its error."""

    code = "event-failed"
