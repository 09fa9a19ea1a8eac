"""What becomes of a node in a process of its own that is not its output."""

from collections.abc import Sequence

from headrace.errors import HeadraceError


class ProcessNodeError(HeadraceError):
    """What a node raised in a process of its own, told by its type's name, its message and code, and its frames.

    `permanent` and `retry_after_seconds` say what the error itself would have said.
    """

    code = "process-node-error"

    def __init__(
        self,
        type_name: str,
        message: str,
        error_code: str,
        frames: Sequence[str] = (),
        *,
        permanent: bool = False,
        retry_after_seconds: float | None = None,
    ) -> None:
        super().__init__(f"{type_name}: {message}")
        self.type_name = type_name
        self.message = message
        self.error_code = error_code
        self.frames = tuple(frames)
        self.permanent = permanent
        self.retry_after_seconds = retry_after_seconds


class ProcessDied(HeadraceError):
    """The process in which a node ran ended before the node did."""

    code = "process-died"
