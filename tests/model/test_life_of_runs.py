"""The life of runs in the real store, against the model of `life.py`.

`--hypothesis-profile=long` looks at twenty times as many lives; `--hypothesis-seed` repeats a run whose seed was told.
"""

from collections.abc import Iterator
from contextlib import closing

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.model.rules import LifeOfRuns
from tests.model.sessions import Sessions
from tests.support.storage import Storage

#: An example is dozens of transactions: there are fewer than other properties have.
EXAMPLES = max(1, settings.default.max_examples // 4) if settings.default else 25

#: So that a run can be replayed, lost and taken over again.
STEPS = 80


@pytest.fixture
def sessions(storage: Storage) -> Iterator[Sessions]:
    with closing(Sessions(storage)) as opened:
        yield opened


def test_the_store_behaves_as_the_model_whatever_happens_in_whatever_order(
    storage: Storage, sessions: Sessions
) -> None:
    class Life(LifeOfRuns):
        def __init__(self) -> None:
            super().__init__(storage, sessions)

    run_state_machine_as_test(
        Life,
        settings=settings(
            deadline=None,
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            database=None,
            print_blob=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
