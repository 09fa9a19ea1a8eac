"""What an operator holds back from being claimed. Claims read it themselves; see `unpaused` in `functions.sql`."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from headrace.store.database import Connection, Database

_PAUSE = """
INSERT INTO headrace.paused (scope, name, actor) VALUES (%(scope)s, %(name)s, %(actor)s) ON CONFLICT DO NOTHING
"""

_RESUME = "DELETE FROM headrace.paused WHERE scope = %(scope)s AND name = %(name)s"

_RESUME_ALL = "DELETE FROM headrace.paused"

_LIST = "SELECT scope, name, since, actor FROM headrace.paused ORDER BY scope, name"

# Without a live worker that names it, a type or a queue may still be one of unfinished runs.
_IS_KNOWN = """
SELECT %(scope)s = 'all'
    OR EXISTS (SELECT FROM headrace.workers WHERE expires > now()
               AND CASE WHEN %(scope)s = 'type' THEN types ? %(name)s ELSE %(name)s = ANY (queues) END)
    OR EXISTS (SELECT FROM headrace.runs WHERE CASE WHEN %(scope)s = 'type' THEN type ELSE queue END = %(name)s)
"""


class Scope(StrEnum):
    """How much a pause holds back."""

    ALL = "all"
    TYPE = "type"
    QUEUE = "queue"


@dataclass(frozen=True, slots=True)
class Target:
    """What is paused or resumed: `name` is a type or a queue, and empty where it is everything."""

    scope: Scope
    name: str = ""


@dataclass(frozen=True, slots=True)
class PausedTarget:
    """A target that is paused, since when, and by whom."""

    target: Target
    since: datetime
    actor: str

    def members(self) -> dict[str, Any]:
        """As it is shown in JSON."""
        return {"scope": self.target.scope, "name": self.target.name, "since": self.since, "actor": self.actor}


@dataclass(frozen=True, slots=True)
class Paused:
    """Everything that is paused at a moment."""

    everything: bool = False
    queues: frozenset[str] = frozenset()
    types: frozenset[str] = frozenset()

    def whole(self, queue: str) -> bool:
        """Whether nothing of the queue may be claimed."""
        return self.everything or queue in self.queues


def as_paused(rows: Iterable[Sequence[str]]) -> Paused:
    """From pairs of a scope and a name."""
    targets = {Target(Scope(scope), name) for scope, name in rows}
    return Paused(
        everything=any(target.scope is Scope.ALL for target in targets),
        queues=frozenset(target.name for target in targets if target.scope is Scope.QUEUE),
        types=frozenset(target.name for target in targets if target.scope is Scope.TYPE),
    )


async def pause(connection: Connection, database: Database, target: Target, actor: str) -> bool:
    """Let nobody claim what `target` names, from the next claim on. False if it was paused before."""
    arguments = {"scope": target.scope, "name": target.name, "actor": actor}
    cursor = await connection.execute(database.sql(_PAUSE), arguments)
    return cursor.rowcount > 0


async def resume(connection: Connection, database: Database, target: Target) -> int:
    """End a pause, or with `Scope.ALL` every pause; returns how many ended. The relay brings back what it set aside."""
    statement = _RESUME_ALL if target.scope is Scope.ALL else _RESUME
    arguments = {"scope": target.scope, "name": target.name}
    return (await connection.execute(database.sql(statement), arguments)).rowcount


async def list_paused(connection: Connection, database: Database) -> list[PausedTarget]:
    """What is paused now."""
    cursor = await connection.execute(database.sql(_LIST))
    return [
        PausedTarget(Target(Scope(scope), name), since, actor) for scope, name, since, actor in await cursor.fetchall()
    ]


async def is_known(connection: Connection, database: Database, target: Target) -> bool:
    """Whether a live worker or an unfinished run has the type or the queue that is named."""
    cursor = await connection.execute(database.sql(_IS_KNOWN), {"scope": target.scope, "name": target.name})
    row = await cursor.fetchone()
    assert row is not None
    return bool(row[0])
