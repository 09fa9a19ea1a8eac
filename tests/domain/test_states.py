"""The table of a run's life, and the database's own idea of it."""

import re

from headrace.domain.states import FINISHED, TRANSITIONS, UNFINISHED, EventState
from tests.support.storage import Storage

_CHECK = """
SELECT pg_get_constraintdef(oid) FROM pg_constraint
WHERE conrelid = to_regclass('headrace.' || %s) AND contype = 'c' AND conname = %s
"""


def states_in(storage: Storage, table: str) -> set[str]:
    """The states that the table's check allows."""
    definition: str = storage.value(_CHECK, table, f"{table}_state_check")
    return set(re.findall(r"'(\w+)'", definition))


def test_the_database_allows_the_same_states(storage: Storage) -> None:
    assert states_in(storage, "runs") == UNFINISHED
    assert states_in(storage, "results") == FINISHED


def test_every_state_is_unfinished_or_finished_and_leads_somewhere() -> None:
    assert UNFINISHED | FINISHED == set(EventState) == TRANSITIONS.keys()
    assert not UNFINISHED & FINISHED
    assert all(TRANSITIONS.values())


def test_an_event_that_ended_begins_again_only_as_queued() -> None:
    assert {following for state in FINISHED for following in TRANSITIONS[state]} == {EventState.QUEUED}


def test_no_state_follows_itself_and_each_can_be_reached_from_queued() -> None:
    assert not [state for state, following in TRANSITIONS.items() if state in following]
    reached = {EventState.QUEUED}
    while new := {after for state in reached for after in TRANSITIONS[state]} - reached:
        reached |= new
    assert reached == set(EventState)
