"""The nodes that are not to be called before a moment, or before an event comes."""

from collections.abc import Sequence
from datetime import datetime

from headrace.domain.clock import Clock
from headrace.domain.progress import Kept, Pause
from headrace.domain.states import Reason


class Pauses:
    """Those of one attempt. What an earlier attempt left counts once its node is reached."""

    def __init__(self, kept: Kept, clock: Clock) -> None:
        self._earlier = {pause.node: pause for pause in kept.pauses}
        self._open: dict[str, Pause] = {}
        self._clock = clock

    def __bool__(self) -> bool:
        """Whether a node is held."""
        return bool(self._open)

    def all(self) -> Sequence[Pause]:
        """Those that hold, and those of earlier attempts whose nodes were not reached."""
        return (*self._open.values(), *self._earlier.values())

    def unreached(self) -> frozenset[str]:
        """Those of earlier attempts whose nodes were not reached, or are no more."""
        return frozenset(self._earlier)

    def add(self, pause: Pause) -> None:
        """Hold a node."""
        self._open[pause.node] = pause

    def retry(self, name: str, due: datetime) -> None:
        """Hold a node that failed until its retry."""
        self.add(Pause(name, Reason.RETRY, due))

    def earlier(self, name: str) -> Pause | None:
        """What an earlier attempt, or this one, left for a node that looks again now."""
        return self._earlier.pop(name, None) or self._open.pop(name, None)

    def still_holds(self, name: str) -> bool:
        """Whether a retry of this name lies ahead."""
        if not self._earlier and not self._open:
            return False
        pause = self.earlier(name)
        if pause is None or pause.due is None or pause.due <= self._clock():
            return False
        self._open[name] = pause
        return True

    def holds(self, name: str) -> bool:
        """Whether a node, or an item, is held in this attempt."""
        return name in self._open

    def due_of(self, name: str) -> datetime | None:
        """When a held node goes on by itself."""
        pause = self._open.get(name)
        return None if pause is None else pause.due

    def nearest_seconds(self) -> float | None:
        """Seconds until the first of them ends; None where none ends by itself."""
        dues = [pause.due for pause in self._open.values() if pause.due is not None]
        return (min(dues) - self._clock()).total_seconds() if dues else None
