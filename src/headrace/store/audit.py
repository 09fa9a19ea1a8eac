"""Who did what: a row for each act of an operator, in the transaction of the act itself."""

from collections.abc import Mapping
from typing import Any

import orjson

from headrace.domain.event import DEFAULT_TENANT
from headrace.store.database import Connection, Database

_WRITE = """
INSERT INTO headrace.audit (tenant, actor, act, detail) VALUES (%(tenant)s, %(actor)s, %(act)s, %(detail)s::json)
"""


async def write_audit(
    connection: Connection, database: Database, actor: str, act: str, detail: Mapping[str, Any]
) -> None:
    """Keep that `actor` did `act`; `detail` is of values that JSON has."""
    arguments = {"tenant": DEFAULT_TENANT, "actor": actor, "act": act, "detail": orjson.dumps(dict(detail)).decode()}
    await connection.execute(database.sql(_WRITE), arguments)
