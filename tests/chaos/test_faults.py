"""What faults check beyond the invariants, given evidence that was made up."""

import random
from pathlib import Path

import orjson

from chaos.evidence import Evidence, StoredEvent, StoredResult
from chaos.faults import FAULTS
from chaos.faults.backlog import judge_draining
from chaos.faults.children import KilledChildren, check_losses
from chaos.faults.fault import Injected
from chaos.faults.messages import TASK, nonsense
from chaos.faults.mix import MIXED, MIXED_SEARCH
from chaos.faults.nodes import check_neighbours, ways_in
from chaos.faults.redis import check_accepting
from chaos.faults.releases import check_deliveries
from chaos.faults.search import MEANWHILE, check_undisturbed
from chaos.faults.stopping import check_nothing_lost
from chaos.journal import Answer, Outcome, Sending
from tests.chaos.invented import BAD, GOOD, evidence, history


def test_an_attempt_that_a_kill_ended_must_be_counted_as_lost() -> None:
    counted = KilledChildren(held={(GOOD, 1, 1)})
    settled = KilledChildren(held={(GOOD, 1, 2)})
    forgotten = KilledChildren(held={(GOOD, 1, 3)})
    of_poison = KilledChildren(held={(BAD, 1, 3)})

    assert [bool(check_losses(evidence(), each)) for each in (counted, settled, forgotten, of_poison)] == [
        False,
        False,
        True,
        False,
    ]


def test_workers_that_end_in_order_may_lose_nothing() -> None:
    assert check_nothing_lost(evidence(), Injected())
    assert not check_nothing_lost(evidence(lost_attempts=frozenset()), Injected())


def of_neighbour(attempt: int) -> Evidence:
    return evidence(
        events=[StoredEvent(GOOD, "neighbour", "a")],
        results=[StoredResult(GOOD, 1, attempt, "succeeded", nodes={"rest": "a"})],
    )


def test_a_neighbour_may_run_again_twice() -> None:
    assert not check_neighbours(of_neighbour(3), Injected())
    assert check_neighbours(of_neighbour(4), Injected())


def test_there_are_as_many_bad_nodes_as_there_is_time_for() -> None:
    assert [len(set(ways_in(seconds, random.Random(1)))) for seconds in (0.0, 8.0, 60.0)] == [1, 2, 7]


def of_delivery(state: str) -> Evidence:
    return evidence(
        events=[StoredEvent(GOOD, "delivery", "a")],
        results=[
            StoredResult(GOOD, 1, 1, "failed", past=True),
            StoredResult(GOOD, 2, 1, state, nodes={"deliver": "a"}),
        ],
    )


def test_deliveries_must_have_succeeded_in_the_end() -> None:
    injected = Injected()

    assert not check_deliveries(of_delivery("succeeded"), injected)
    assert injected.details["replayed"] == 1
    assert check_deliveries(of_delivery("failed"), injected)


def test_a_backlog_must_drain_steadily_and_to_its_end() -> None:
    steady = judge_draining(3000, [3000, 3000, 2100, 1200, 250, 100], 150)
    halting = judge_draining(3000, [3000, 2100, 2100, 1200, 250, 100], 150)
    stuck = judge_draining(3000, [3000, 2100, 2100, 2100], 150)

    assert steady.findings == []
    assert steady.details["median events/s"] == 300
    assert len(halting.findings) == 1
    assert len(stuck.findings) == 1


def test_some_of_what_nobody_understands_looks_like_a_message() -> None:
    messages = nonsense(random.Random(1), Path("opened"))

    assert orjson.loads(messages["a body of another shape"])["headers"]["task"] == TASK
    assert orjson.loads(messages["a pickle"])["content-type"] == "application/x-python-serialize"
    assert len(set(messages.values())) == len(messages)


def test_a_mix_is_made_of_faults_that_there_are() -> None:
    assert {*MIXED, *MIXED_SEARCH} < set(FAULTS)


def test_only_faults_of_search_and_the_mix_have_a_search_copy() -> None:
    assert {fault.family for fault in FAULTS if fault.searches} == {"search", "mix"}
    assert not any(fault.searches for fault in MIXED)


def answered_unavailable() -> Evidence:
    outcome = Outcome("unknown", why="503", answer=Answer(503, "application/problem+json", "{}", "1"))
    return evidence(history=history(Sending("a", 3, "again", "api-1", outcome)))


def test_a_redis_that_is_away_keeps_no_event_from_being_accepted() -> None:
    assert not check_accepting(evidence(), Injected())
    assert check_accepting(answered_unavailable(), Injected())


def test_a_search_copy_that_is_away_keeps_no_event_from_being_accepted_and_finished() -> None:
    assert not check_undisturbed(evidence(), Injected(details={MEANWHILE: 9}))
    assert check_undisturbed(evidence(), Injected(details={MEANWHILE: 0}))
    assert check_undisturbed(answered_unavailable(), Injected(details={MEANWHILE: 9}))
