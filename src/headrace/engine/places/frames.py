"""What passes between a worker process and the processes of its CPU nodes: frames of a kind, a length and JSON."""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypedDict

#: The kind of a frame, a byte, and the length of what follows.
HEADER = struct.Struct("!cQ")

#: To a process: `Request`.
CALL = b"C"

#: From a process: it found the function and its arguments, and calls it now.
BEGUN = b"B"

#: A line that the function logged or printed: `LineSent`.
LINE = b"L"

#: What the function returned.
OUTPUT = b"O"

#: What it raised: `ErrorSent`.
ERROR = b"E"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a function or a class is found; `file` is given for those of a program that has no module's name."""

    module: str
    name: str
    file: str | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """A call: the arguments are JSON by parameter, the secrets names by parameter."""

    function: Place
    arguments: Mapping[str, str]
    secrets: Mapping[str, str]
    retry_on: Sequence[Place]
    event_id: str
    node: str
    epoch: int


class LineSent(TypedDict):
    """A line, as JSON."""

    level: str
    text: str


class ErrorSent(TypedDict):
    """The arguments of `ProcessNodeError`, as JSON."""

    type_name: str
    message: str
    error_code: str
    frames: Sequence[str]
    permanent: bool
    retry_after_seconds: float | None


def frame(kind: bytes, content: bytes) -> bytes:
    """The bytes of a frame."""
    return HEADER.pack(kind, len(content)) + content
