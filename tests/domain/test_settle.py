"""What becomes of a run after an attempt, and after its worker vanished."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from headrace.domain.event import Losses, Run
from headrace.domain.ids import new_id
from headrace.domain.outcome import Backoff, Completed, ErrorReport, GivenBack, NodeFailed, Unfit
from headrace.domain.settle import Delayed, Finished, Parked, Policy, Released, Settled, lose, settle
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
    body=b"{}",
    started_at=NOW,
)

FAILED = NodeFailed("reply", ErrorReport("ValueError", "no"), {"reply": 1}, Backoff((10.0, 20.0)), b"{}")

LOSSES = st.builds(Losses, st.integers(0, 60), st.integers(0, 4), st.integers(0, 49))


def after(outcome: Completed | NodeFailed | Unfit | GivenBack, policy: Policy | None = None) -> Settled:
    return settle(RUN, outcome, policy or Policy(), NOW, 0.5)


def failing(failures: Mapping[str, int]) -> NodeFailed:
    return replace(FAILED, failures=failures)


def test_a_completed_run_succeeds() -> None:
    assert after(Completed(b"{}")) == Finished(RUN, EventState.SUCCEEDED, b"{}")


def test_a_failure_waits_for_its_retry() -> None:
    assert after(FAILED) == Delayed(RUN, NOW + timedelta(seconds=10), {"reply": 1}, "reply", FAILED.error)


def test_each_failure_of_a_node_waits_for_its_own_delay_and_the_last_fails_the_event() -> None:
    again = after(failing({"reply": 2}))
    assert isinstance(again, Delayed)
    assert again.due == NOW + timedelta(seconds=20)

    assert after(failing({"reply": 3})) == Finished(
        RUN, EventState.FAILED, b"{}", FAILED.error, "reply", Reason.NODE_FAILED
    )


def test_failures_of_other_nodes_are_not_counted() -> None:
    assert isinstance(after(failing({"reply": 1, "classify": 9})), Delayed)


def test_a_permanent_failure_fails_at_once() -> None:
    settled = after(replace(FAILED, permanent=True))

    assert isinstance(settled, Finished)
    assert settled.state is EventState.FAILED


@given(st.floats(0.0, 1e6), st.booleans(), st.integers(0, 99))
def test_a_retry_after_moves_the_time_whatever_the_budget_says(seconds: float, permanent: bool, failures: int) -> None:
    asked = replace(
        FAILED, retry_after_seconds=seconds, permanent=permanent, failures={"reply": failures}, backoff=Backoff(())
    )

    settled = after(asked)

    assert isinstance(settled, Delayed)
    assert settled.due == NOW + timedelta(seconds=seconds)


def test_a_cap_shortens_the_wait() -> None:
    settled = after(FAILED, Policy(delay_cap_seconds=3.0))

    assert isinstance(settled, Delayed)
    assert settled.due == NOW + timedelta(seconds=3)


def test_an_event_that_does_not_fit_is_parked_with_its_schema() -> None:
    error = ErrorReport("ValidationError", "subject: missing")

    assert after(Unfit(Reason.SCHEMA_MISMATCH, "abc", error)) == Parked(RUN, "schema-mismatch", "abc", error)


def test_a_run_given_back_keeps_every_count() -> None:
    assert after(GivenBack({"reply": 1})) == Released(RUN, {"earlier": 2, "reply": 1})


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
