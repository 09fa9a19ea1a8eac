"""When the one who catches up with a deep outbox leaves the machine to others."""

import pytest

from headrace.flow.project.courtesy import SEEN_SECONDS, STEP_BACK, WORK_SECONDS, Courtesy

#: Seconds of a batch, and of the rest after it on a machine that others need; the first time that is seen to.
BATCH_SECONDS, LONG_REST = WORK_SECONDS / 4, WORK_SECONDS / 4 * STEP_BACK
FIRST_REST = pytest.approx(SEEN_SECONDS + LONG_REST)


@pytest.fixture
def courtesy() -> Courtesy:
    return Courtesy(processors=2)


def rests(courtesy: Courtesy, busy_share: float, batches: int) -> list[float]:
    """How long it rests after each of some batches on a machine that is so busy with others."""
    made = []
    for _ in range(batches):
        seconds = courtesy.rest_seconds(BATCH_SECONDS, is_behind=False)
        made.append(seconds)
        while seconds:
            seconds = courtesy.rested(busy_share)
            made[-1] += seconds
    return made


def test_alone_it_rests_only_to_see_that_it_is(courtesy: Courtesy) -> None:
    assert rests(courtesy, 0.4, 9) == [SEEN_SECONDS, *[0.0, 0.0, 0.0, SEEN_SECONDS] * 2]


def test_on_a_busy_machine_it_steps_back_as_soon_as_that_is_seen_until_it_is_over(courtesy: Courtesy) -> None:
    assert rests(courtesy, 0.51, 3) == [FIRST_REST, LONG_REST, LONG_REST]
    assert courtesy.steps_back
    assert rests(courtesy, 0.49, 3) == [LONG_REST, 0.0, 0.0]
    assert not courtesy.steps_back


def test_a_burst_of_work_is_no_need(courtesy: Courtesy) -> None:
    assert courtesy.rest_seconds(BATCH_SECONDS, is_behind=False) == SEEN_SECONDS
    further = [courtesy.rested(busy_share) for busy_share in (0.9, 0.9, 0.9, 0.1)]
    assert further == pytest.approx([SEEN_SECONDS, SEEN_SECONDS, 2 * SEEN_SECONDS, 0.0])
    assert not courtesy.steps_back
    assert courtesy.rest_seconds(BATCH_SECONDS, is_behind=False) == 0.0


@pytest.mark.parametrize(("processors", "busy_share"), [(1, 0.5), (2, 0.5), (4, 0.75), (8, 0.875)])
def test_a_machine_is_busy_where_hardly_a_processor_is_left(processors: int, busy_share: float) -> None:
    assert rests(Courtesy(processors), busy_share + 0.001, 1) == [FIRST_REST]
    assert rests(Courtesy(processors), busy_share - 0.001, 1) == [SEEN_SECONDS]


def test_while_events_wait_for_workers_it_steps_back_at_once(courtesy: Courtesy) -> None:
    rests(courtesy, 0.0, 1)
    assert courtesy.rest_seconds(0.2, is_behind=True) == pytest.approx(0.2 * STEP_BACK)
    assert courtesy.steps_back
    assert courtesy.rested(1.0) == 0.0
    assert courtesy.rest_seconds(0.2, is_behind=True) == pytest.approx(0.2 * STEP_BACK)
    assert courtesy.rested(0.0) == 0.0
    assert courtesy.rest_seconds(0.2, is_behind=False) == 0.0


def test_each_rest_is_long_enough_to_see_by(courtesy: Courtesy) -> None:
    assert courtesy.rest_seconds(0.001, is_behind=True) == SEEN_SECONDS
