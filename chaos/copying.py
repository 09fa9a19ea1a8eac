"""Watching the search copy until it is whole."""

import asyncio
import time

from chaos.cluster.cluster import Cluster
from chaos.evidence import CopyState
from chaos.invariants.copy import COPIED_SECONDS

#: Seconds between two looks.
LOOK_SECONDS = 0.5

# The version of a result is twice its run number; an odd one is that of an event that runs again.
_FINISHED = "SELECT event_id::text, 2 * run_number::bigint FROM headrace.results ORDER BY event_id"

_WAITING = "SELECT EXISTS (SELECT FROM headrace.projections)"


# The copy where no Elasticsearch is: of each month one part is shown to readers.
_HELD = """
SELECT event_id::text, version FROM headrace.documents JOIN headrace.parts USING (part)
WHERE gone IS NULL ORDER BY event_id
"""


async def watch_copy(cluster: Cluster, healed_at: float) -> CopyState:
    """The copy as soon as it is whole, else as it is when the time is over.

    `healed_at` is a moment of the monotonic clock. Raises psycopg.OperationalError, httpx2.HTTPError.
    """
    ends = time.monotonic() + COPIED_SECONDS
    while True:
        is_over = time.monotonic() > ends
        [(waits,)] = await cluster.rows(_WAITING)
        if is_over or not waits:
            finished, held = await read_both(cluster)
            if is_over or finished == held:
                return CopyState(finished, held, time.monotonic() - healed_at)
        await asyncio.sleep(LOOK_SECONDS)


async def read_both(cluster: Cluster) -> tuple[list[tuple[str, int]], list[tuple[str, int]]]:
    """What is finished, then what the copy holds, each as ids in their order with the versions.

    Raises psycopg.OperationalError, httpx2.HTTPError.
    """
    finished = [(event_id, version) for event_id, version in await cluster.rows(_FINISHED)]
    if cluster.search is None:
        return finished, [(event_id, version) for event_id, version in await cluster.rows(_HELD)]
    return finished, sorted(await asyncio.to_thread(cluster.search.reader.held))
