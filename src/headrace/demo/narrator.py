"""Telling what happens while it happens: bars on a terminal, plain lines elsewhere."""

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

#: Without a terminal, seconds between two lines of progress.
LINE_SECONDS = 1.0


class Narrator:
    """For use as a context manager. `total` is the number of events."""

    def __init__(self, console: Console, total: int) -> None:
        self._console = console
        self._total = total
        self._started = time.monotonic()
        self._next_line = 0.0
        self._progress = Progress(
            TextColumn("{task.description:>9}"),
            BarColumn(bar_width=50),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
            disable=not console.is_terminal,
            transient=True,
        )
        self._accepted = self._progress.add_task("accepted", total=total, start=False)
        self._finished = self._progress.add_task("finished", total=total, start=False)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._progress.stop()

    def say(self, text: str) -> None:
        """A line with the seconds since the start."""
        self._console.print(f"{time.monotonic() - self._started:6.1f} s  {text}", highlight=False, markup=False)

    def show(self, accepted: int, finished: int) -> None:
        """How far it is."""
        for task, count in ((self._accepted, accepted), (self._finished, finished)):
            if count:
                self._progress.start_task(task)
            self._progress.update(task, completed=count)
        if not self._console.is_terminal and time.monotonic() >= self._next_line:
            self._next_line = time.monotonic() + LINE_SECONDS
            self.say(f"accepted {accepted}, finished {finished} of {self._total}")
