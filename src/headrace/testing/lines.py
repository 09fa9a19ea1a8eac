"""Keeping what nodes log and print where no worker has configured the logging."""

import logging
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from pydantic import TypeAdapter

from headrace.domain.payload import decode
from headrace.engine.traces.lines import Line
from headrace.engine.traces.noting import KeepingHandler
from headrace.engine.traces.printing import capture_prints

_lines = TypeAdapter(list[Line])


@contextmanager
def keeping_lines() -> Iterator[None]:
    """For a while, lines from "info" on are kept with the attempts of this process."""
    root, handler, streams = logging.getLogger(), KeepingHandler(), (sys.stdout, sys.stderr)
    level = root.level
    root.addHandler(handler)
    root.setLevel(min(level, logging.INFO))
    capture_prints()
    try:
        yield
    finally:
        sys.stdout, sys.stderr = streams
        root.setLevel(level)
        root.removeHandler(handler)


def lines_of(logged: bytes | None) -> Sequence[Line]:
    """The lines of an attempt."""
    return () if logged is None else _lines.validate_python(decode(logged)["lines"])
