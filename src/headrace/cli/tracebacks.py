"""How an error of the user's own code is shown: with the user's own frames, as if nothing of ours had called it."""

import os
import sys
import sysconfig
import traceback
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType

#: Where code lies that is not the user's own: ours, Python's, and what is installed.
_OTHERS = tuple(
    folder + os.sep for folder in (str(Path(__file__).parents[1]), *map(sysconfig.get_path, ("stdlib", "purelib")))
)


def show_error(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """For `sys.excepthook`. An error that passed no code of the user's is ours: all of its traceback is shown."""
    told = traceback.TracebackException(kind, error, trace)
    errors = list(_chain(told))
    if isinstance(error, SyntaxError) or any(_is_own(frame.filename) for each in errors for frame in each.stack):
        for each in errors:
            each.stack = traceback.StackSummary.from_list([frame for frame in each.stack if _is_own(frame.filename)])
    print("".join(told.format()), end="", file=sys.stderr)


def _chain(told: traceback.TracebackException) -> Iterable[traceback.TracebackException]:
    yield told
    for before in (told.__cause__, told.__context__):
        if before is not None:
            yield from _chain(before)


def _is_own(filename: str) -> bool:
    return Path(filename).is_absolute() and not filename.startswith(_OTHERS)  # compiled code has no path of its own
