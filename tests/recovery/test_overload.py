"""More is sent than can be stored: what there is no room for is refused soon, and taken when there is room again."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import orjson
import psycopg
import pytest
from httpx2 import Client, Response

from headrace.flow.ingest.room import ROOM_BYTES
from tests.support.installation import Installation

pytestmark = pytest.mark.slow

#: A batch of a quarter of the room.
EVENTS = 1000
BATCH = orjson.dumps([{"type": "overload.test", "filler": "x" * (ROOM_BYTES // 4 // EVENTS)}] * EVENTS)

#: More than there is room for.
ROOM, BATCHES = 4, 7


@contextmanager
def nothing_is_stored(installation: Installation) -> Iterator[None]:
    with psycopg.connect(installation.storage.services.database_url) as connection:
        connection.execute(f"LOCK TABLE {installation.storage.schema}.events")
        yield


def post(client: Client) -> Response:
    return client.post("/events/batch", content=BATCH, headers={"Content-Type": "application/json"})


def test_what_there_is_no_room_for_is_refused(installation: Installation) -> None:
    _, client = installation.start_api("tickets")
    assert post(client).status_code == 202

    with ThreadPoolExecutor(BATCHES) as threads, nothing_is_stored(installation):
        answers = list(threads.map(post, [client] * BATCHES))

    assert Counter(answer.status_code for answer in answers) == {503: ROOM, 429: BATCHES - ROOM}
    assert {answer.json()["code"] for answer in answers} == {"unavailable", "overloaded"}
    assert all(answer.headers["Retry-After"].isdecimal() for answer in answers)
    assert post(client).status_code == 202
