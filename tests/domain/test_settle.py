"""What becomes of a run after an attempt, and after its worker vanished."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from headrace.domain.event import Losses, NewEvent, Run
from headrace.domain.ids import new_id
from headrace.domain.outcome import Cancelled, Completed, ErrorReport, GivenBack, NodeFailed, Suspended, Unfit
from headrace.domain.progress import Awaited, Checkpoint, Pause, Progress
from headrace.domain.settle import Delayed, Finished, Parked, Policy, Released, lose, settle
from headrace.domain.states import EventState, Reason

NOW = datetime(2026, 1, 1, tzinfo=UTC)

RUN = Run(
    event_id=new_id(),
    owner=new_id(),
    type="ticket.opened",
    tenant="default",
    queue="default",
    run_number=1,
    epoch=1,
    attempt=1,
    failures={"earlier": 2},
    losses=Losses(),
    packed_body=b"",
    started_at=NOW,
    begun_at=NOW,
)

ERROR = ErrorReport("ValueError", "no")

EMITTED = (NewEvent(new_id(), "order.paid", b"{}"),)

PROGRESS = Progress({"reply": 1}, [Checkpoint("classify", "v1", b"1", b"{}")], logged=b"[]", pipeline="tickets 1")

LOSSES = st.builds(Losses, st.integers(0, 60), st.integers(0, 4), st.integers(0, 49))


def pause(reason: Reason, seconds: float | None) -> Pause:
    due = None if seconds is None else NOW + timedelta(seconds=seconds)
    return Pause(f"{reason} {seconds}", reason, due, Awaited("order.paid", "17") if reason is Reason.WAIT else None)


def suspended(*pauses: Pause) -> Delayed:
    settled = settle(RUN, Suspended(replace(PROGRESS, pauses=pauses), "reply", ERROR))
    assert isinstance(settled, Delayed)
    return settled


def test_a_completed_run_succeeds_with_what_it_emitted_and_logged() -> None:
    assert settle(RUN, Completed(b"{}", EMITTED, b"[]")) == Finished(
        RUN, EventState.SUCCEEDED, b"{}", progress=Progress(logged=b"[]"), emitted=EMITTED, clears=False
    )


def test_only_a_first_attempt_that_stored_nothing_leaves_nothing_to_clear() -> None:
    def clears(run: Run, *, stored: bool) -> bool:
        settled = settle(run, Completed(b"{}", stored=stored))
        return isinstance(settled, Finished) and settled.clears

    assert not clears(RUN, stored=False)
    assert clears(RUN, stored=True)
    assert clears(replace(RUN, attempt=2), stored=False)
    assert clears(replace(RUN, run_number=2), stored=False)


def test_a_failure_without_a_retry_left_fails_the_event_and_keeps_its_progress() -> None:
    assert settle(RUN, NodeFailed("reply", ERROR, b"{}", PROGRESS, EMITTED)) == Finished(
        RUN, EventState.FAILED, b"{}", ERROR, "reply", Reason.NODE_FAILED, PROGRESS, EMITTED
    )


def test_a_cancelled_run_ends_without_an_error_and_keeps_its_progress() -> None:
    assert settle(RUN, Cancelled(PROGRESS, b"{}", EMITTED)) == Finished(
        RUN, EventState.CANCELLED, b"{}", progress=PROGRESS, emitted=EMITTED
    )


def test_a_suspended_run_waits_for_the_first_pause_that_ends_by_itself() -> None:
    pauses = [pause(Reason.WAIT, None), pause(Reason.SLEEP, 20), pause(Reason.RETRY, 10)]
    progress = replace(PROGRESS, pauses=tuple(pauses))

    assert suspended(*pauses) == Delayed(RUN, NOW + timedelta(seconds=10), Reason.RETRY, progress, "reply", ERROR)


def test_a_run_whose_pauses_all_need_an_event_waits_without_an_end() -> None:
    settled = suspended(pause(Reason.WAIT, None))

    assert (settled.due, settled.reason) == (None, Reason.WAIT)


@given(st.lists(st.tuples(st.sampled_from([Reason.RETRY, Reason.SLEEP, Reason.WAIT]), st.floats(0, 1e6)), min_size=1))
def test_no_pause_ends_before_its_run_is_due(pauses: list[tuple[Reason, float]]) -> None:
    settled = suspended(*(pause(reason, seconds) for reason, seconds in pauses))

    assert settled.due == NOW + timedelta(seconds=min(seconds for _, seconds in pauses))
    assert settled.reason in {reason for reason, _ in pauses}


def test_an_event_that_does_not_fit_is_parked_with_its_schema() -> None:
    error = ErrorReport("ValidationError", "subject: missing")

    assert settle(RUN, Unfit(Reason.SCHEMA_MISMATCH, "abc", error)) == Parked(RUN, "schema-mismatch", "abc", error)


def test_a_run_given_back_keeps_its_progress() -> None:
    assert settle(RUN, GivenBack(PROGRESS)) == Released(RUN, PROGRESS)


@given(LOSSES, st.booleans(), st.booleans())
def test_every_loss_is_counted_and_only_a_seen_one_of_a_run_alone_is_charged(
    losses: Losses, alone: bool, seen: bool
) -> None:
    counted = lose(losses, alone=alone, seen=seen, policy=Policy()).losses

    assert counted.total == losses.total + 1
    assert counted.solo == losses.solo + (alone and seen)
    assert counted.unseen == losses.unseen + (not seen)


def test_the_fifth_charged_loss_spends_the_budget() -> None:
    losses = Losses()
    spent = []
    for _ in range(5):
        lost = lose(losses, alone=True, seen=True, policy=Policy())
        losses = lost.losses
        spent.append(lost.spent)

    assert spent == [False, False, False, False, True]


def test_the_fiftieth_unseen_loss_spends_the_budget() -> None:
    assert not lose(Losses(48, 0, 48), alone=True, seen=False, policy=Policy()).spent
    assert lose(Losses(49, 0, 49), alone=True, seen=False, policy=Policy()).spent


@given(st.integers(0, 10_000))
def test_neighbours_of_a_crashing_run_never_pay(deaths: int) -> None:
    assert not lose(Losses(total=deaths), alone=False, seen=True, policy=Policy()).spent


def test_a_pause_of_a_node_that_cannot_go_on_yet_wakes_nobody() -> None:
    pauses = [pause(Reason.RETRY, -5), pause(Reason.RETRY, 60)]
    outcome = Suspended(replace(PROGRESS, pauses=pauses), "reply", ERROR, unreached=frozenset({pauses[0].node}))
    settled = settle(RUN, outcome)
    assert isinstance(settled, Delayed)
    assert settled.due == NOW + timedelta(seconds=60)
    assert settled.progress.pauses == pauses
