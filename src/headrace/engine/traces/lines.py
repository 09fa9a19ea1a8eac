"""The lines that an attempt's nodes logged and printed, bounded."""

import threading
from collections import deque
from dataclasses import dataclass
from datetime import datetime

import orjson

from headrace.settings.masking import mask

#: Of an attempt, so many of the newest lines are kept.
MOST_LINES = 200

#: A line is cut here.
LINE_CHARACTERS = 2_000

#: Of all attempts: most of them have no lines, and a lock of their own would be made for nothing.
_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class Line:
    """One line: when it was written, by which node, and how grave it is ("info", "warning" …)."""

    at: datetime
    node: str
    level: str
    text: str


class Lines:
    """Takes lines from any thread and keeps the newest; `dropped` counts the others."""

    def __init__(self) -> None:
        self.dropped = 0
        self._kept: deque[Line] | None = None

    def add(self, level: str, text: str, node: str, moment: datetime) -> None:
        """Keep a line, as `storable` makes it."""
        line = Line(moment, node, level, storable(text))
        with _lock:
            if self._kept is None:
                self._kept = deque(maxlen=MOST_LINES)
            self.dropped += len(self._kept) == MOST_LINES
            self._kept.append(line)

    def to_json(self) -> bytes | None:
        """`{"lines": [{"at", "node", "level", "text"}], "dropped": n}`, oldest line first; None if there is none."""
        if self._kept is None:
            return None
        with _lock:
            kept, dropped = list(self._kept), self.dropped
        return orjson.dumps({"lines": kept, "dropped": dropped})


def storable(text: str, characters: int = LINE_CHARACTERS) -> str:
    """A text without secrets, cut, and without characters that Postgres refuses."""
    cut = mask(text)[:characters].replace("\0", "\N{REPLACEMENT CHARACTER}")
    return cut.encode("utf-8", "replace").decode("utf-8")
