"""Acting on what a search finds."""

from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace
from uuid import UUID

from headrace.domain.event import DEFAULT_TENANT
from headrace.domain.query_language import parse_query
from headrace.domain.selection import Selection
from headrace.errors import InvalidSelection
from headrace.flow.operate.operator import CHUNK, LOOKS, Acted
from headrace.search.port import Search, SearchCopy
from headrace.store.choosing import FIRST


async def act_on_hits(
    copy: SearchCopy,
    selection: Selection,
    acting: Callable[[Selection], Awaitable[Acted]],
    *,
    after: UUID,
    most: int,
) -> Acted:
    """Act on the finished events that the selection's query finds, the newest first, on `most` of them at most.

    `acting` gets the hits by their ids, page after page, with what else is selected. Those that it leaves alone are not
    told of: the copy may be behind. Raises InvalidQuery, InvalidSelection, CopyAway, and whatever `acting` does.
    """
    if selection.ids:
        raise InvalidSelection("Name events by their ids or by a query, not by both.")
    query = parse_query(selection.query or "")
    if not query.clauses:
        raise InvalidSelection("An empty query means no events: say what is sought, or that all are meant.")
    count = asked = 0
    by_type: Counter[str] = Counter()
    before = None if after == FIRST else after
    for _ in range(LOOKS):
        size = min(CHUNK, most - count)
        ids = (await copy.search(Search(DEFAULT_TENANT, query, size, before))).ids
        if ids:
            acted = await acting(replace(selection, ids=sorted(ids)))
            count, asked = count + acted.count, asked + acted.asked
            by_type.update(acted.by_type)
        before = ids[-1] if len(ids) == size else None
        if before is None or count >= most:
            break
    return Acted(count, asked, by_type=dict(sorted(by_type.items())), next_cursor=before)
