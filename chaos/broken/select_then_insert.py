"""Whether a key was used is looked up, and then the event is inserted, as if nobody could come between."""

import chaos.app  # noqa: F401  # its pipelines
from chaos.broken.breaking import replace_sql
from headrace.store import events

replace_sql(
    events._INSERT_EVENTS,  # noqa: SLF001
    (
        "WHERE key_hash IS NULL OR id IN (SELECT event_id FROM keyed)",
        """WHERE key_hash IS NULL OR NOT EXISTS (
            SELECT FROM headrace.idempotency i WHERE i.tenant = new.tenant AND i.key_hash = new.key_hash
        )""",
    ),
)
