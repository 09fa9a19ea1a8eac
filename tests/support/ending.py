"""A process that ends in the middle of what it stores."""

from typing import Any

from headrace.store.database import Connection


class Ended(Exception):
    """A process that ends here."""


class Ending:
    """A connection whose process ends before its nth statement."""

    def __init__(self, connection: Connection, statements: int) -> None:
        self._connection = connection
        self._left = statements

    def transaction(self) -> Any:
        return self._connection.transaction()

    async def execute(self, *arguments: Any, **options: Any) -> Any:
        if self._left == 0:
            raise Ended
        self._left -= 1
        return await self._connection.execute(*arguments, **options)
