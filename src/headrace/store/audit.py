"""Who did what: a row for each act of an operator, in the transaction of the act itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from headrace.domain.event import DEFAULT_TENANT
from headrace.store.database import Connection, Database

_WRITE = """
INSERT INTO headrace.audit (tenant, actor, act, detail) VALUES (%(tenant)s, %(actor)s, %(act)s, %(detail)s::json)
"""

_NEWEST = "SELECT moment, actor, act, detail FROM headrace.audit ORDER BY id DESC LIMIT %(most)s"


@dataclass(frozen=True, slots=True)
class AuditRow:
    """An act: when, by whom, which; `detail` says to what, as JSON has it."""

    moment: datetime
    actor: str
    act: str
    detail: Mapping[str, Any]


async def write_audit(
    connection: Connection, database: Database, actor: str, act: str, detail: Mapping[str, Any]
) -> None:
    """Keep that `actor` did `act`; `detail` is of values that JSON has."""
    arguments = {"tenant": DEFAULT_TENANT, "actor": actor, "act": act, "detail": orjson.dumps(dict(detail)).decode()}
    await connection.execute(database.sql(_WRITE), arguments)


async def read_audit(connection: Connection, database: Database, most: int) -> list[AuditRow]:
    """The newest `most` rows, the newest first."""
    cursor = await connection.execute(database.sql(_NEWEST), {"most": most})
    return [AuditRow(*row) for row in await cursor.fetchall()]
