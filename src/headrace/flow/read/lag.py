"""How far the search copy is behind, for whoever watches an installation."""

from dataclasses import dataclass

from headrace.store.database import Connection, Database
from headrace.store.projections import read_lag


@dataclass(frozen=True, slots=True)
class CopyLag:
    """What waits to be written to the search copy (100,000 stands for any more), and one of the oldest of it for how
    long; and how much the copy refused. `copy` is what it calls itself.

    Where there is no copy, that is None, and all else is 0: what is fed to the outbox is thrown away.
    """

    copy: str | None = None
    waiting: int = 0
    seconds: float = 0.0
    refused: int = 0


#: Where there is no copy.
NO_COPY = CopyLag()


async def read_copy_lag(connection: Connection, database: Database, copy: str | None) -> CopyLag:
    """How far the copy of that name is behind; None where there is none."""
    if copy is None:
        return NO_COPY
    lag = await read_lag(connection, database)
    return CopyLag(copy, lag.waiting, lag.seconds, lag.refused)
