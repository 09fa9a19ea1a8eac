"""What nodes print: cut into lines, kept with the attempt, and logged."""

import sys
import threading
from collections.abc import Iterable
from typing import Any, TextIO, cast

from headrace.engine.traces.call import Call, calling
from headrace.engine.traces.noting import tell
from headrace.settings.masking import mask

#: A line that is printed in pieces is cut here, however long it goes on.
UNENDED_CHARACTERS = 8_000

#: Pieces of one call may come from several threads.
_lock = threading.Lock()


class _Prints:
    """Stands in for a text stream: what a node writes becomes lines, all else goes through, without secrets."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        call = calling.get()
        if call is None:
            self._stream.write(mask(text))  # a thread that a node started may write it
            return len(text)
        with _lock:
            *lines, unended = (call.unended + text).split("\n")
            call.unended = unended[:UNENDED_CHARACTERS]
        for line in lines:
            _tell(call, line)
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)


def capture_prints() -> None:
    """From now on, what nodes of this process print is theirs, and what they write to standard error.

    Once is enough, more does no harm. Handlers that log to standard error are to be made before.
    """
    if not isinstance(sys.stdout, _Prints):
        sys.stdout = cast(TextIO, _Prints(sys.stdout))
    if not isinstance(sys.stderr, _Prints):
        sys.stderr = cast(TextIO, _Prints(sys.stderr))


def finish_prints(call: Call) -> None:
    """Make a line of what a call printed without a line break at its end."""
    if call.unended:
        with _lock:
            line, call.unended = call.unended, ""
        _tell(call, line)


def _tell(call: Call, line: str) -> None:
    if line and not line.isspace():
        tell(call, "info", line.rstrip("\r"))
