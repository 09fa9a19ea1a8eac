"""The end of a phase of an attempt, which anything in it may bring about."""

import asyncio

from headrace.engine.attempt.retries import Failure


class Ending:
    """Open until the phase is over. It knows nothing of the attempt: what holds it forms no circle with that."""

    __slots__ = ("_over",)

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._over: asyncio.Future[Failure | None] = loop.create_future()

    @property
    def over(self) -> "asyncio.Future[Failure | None]":
        """The failure that ended it, or None."""
        return self._over

    def is_over(self) -> bool:
        return self._over.done()

    def end(self, failure: Failure | None = None) -> None:
        """Let it be over, if it is not."""
        if not self._over.done():
            self._over.set_result(failure)

    def break_off(self, error: BaseException) -> None:
        """Let it be over with an error of the engine itself."""
        if not self._over.done():
            self._over.set_exception(error)
