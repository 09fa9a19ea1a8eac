"""When the relay looks again: as soon as the next run is due."""

from datetime import timedelta

import pytest

from headrace.domain.clock import utc_now
from headrace.flow.relay.relay import LEAST_PASS_SECONDS, rest_seconds
from headrace.store.database import Database
from headrace.store.look import LostDue, View
from headrace.store.parking import Serving
from tests.support.stages import relaying
from tests.support.steps import TYPE, accept, new_event
from tests.support.storage import Storage
from tests.support.waiting import eventually


async def test_workers_hear_of_an_event_for_later_when_it_is_due(storage: Storage, database: Database) -> None:
    storage.add_worker(types={TYPE: "1"})
    [event_id] = await accept(database, new_event(deliver_at=utc_now() + timedelta(seconds=1.5)))
    async with relaying(storage) as lead:
        await eventually(lambda: bool(lead.told), "the queue is told of")

    assert storage.value("SELECT rank <= now() FROM headrace.runs WHERE event_id = %s", event_id)


@pytest.mark.parametrize(
    ("seconds", "rest"), [(None, 1.0), (0.5, 0.505), (0.999, 1.0), (0.001, LEAST_PASS_SECONDS), (0.1, 0.105)]
)
def test_a_leader_rests_until_the_next_run_or_schedule_is_due(seconds: float | None, rest: float) -> None:
    now = utc_now()
    moment = None if seconds is None else now + timedelta(seconds=seconds)
    for next_due, next_schedule in ((moment, None), (None, moment), (now + timedelta(hours=1), moment)):
        view = View(now, True, False, LostDue(0, 0), False, False, False, False, Serving(), (), next_due, next_schedule)
        assert rest_seconds(view) == pytest.approx(rest)
