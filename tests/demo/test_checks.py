from dataclasses import replace
from uuid import UUID

import pytest

from headrace.demo.checks import Check, checks_of
from headrace.demo.evidence import Ending
from headrace.demo.expected import expected_nodes
from headrace.demo.kill import FEWEST_HIT, Kill
from headrace.demo.webhooks import Webhook
from tests.demo.endings import changed, good_endings, kill_of

#: The checks in their order.
IDS, STATES, DATA, BYTES, RESULTS, HIT = range(6)


def judged(endings: list[Ending], kill: Kill | None = None) -> list[Check]:
    return checks_of(endings, kill or kill_of(endings), FEWEST_HIT, expected_nodes)


def failed(checks: list[Check]) -> list[int]:
    return [number for number, check in enumerate(checks) if not check.holds]


@pytest.fixture
def endings() -> list[Ending]:
    return good_endings(FEWEST_HIT)


def test_a_run_without_fault_passes_every_check(endings: list[Ending]) -> None:
    assert failed(judged(endings)) == []


def test_an_id_that_was_given_twice_fails(endings: list[Ending]) -> None:
    endings[1] = replace(endings[1], event_id=endings[0].event_id)
    assert IDS in failed(judged(endings))


def test_an_event_that_is_not_finished_fails_and_is_named_with_its_state(endings: list[Ending]) -> None:
    endings[3] = changed(endings[3], state="waiting", reason="retry", finished_at=None, task_context=None)
    checks = judged(endings)
    assert failed(checks) == [STATES, RESULTS]
    assert f"{endings[3].event_id}: waiting retry" in checks[STATES].faults[0]


def test_other_data_fail(endings: list[Ending]) -> None:
    endings[0] = changed(endings[0], data={**endings[0].webhook.event, "action": "other"})
    assert failed(judged(endings)) == [DATA]


def test_data_that_only_python_calls_equal_fail(endings: list[Ending]) -> None:
    webhook = Webhook("ping", None, {"hook": True})
    good = replace(endings[0], webhook=webhook, stored=webhook.body)
    nodes = {"nodes": expected_nodes(webhook)}
    endings[0] = changed(good, task_context=nodes, data={**webhook.event, "payload": {"hook": 1}})
    assert failed(judged(endings)) == [DATA]


@pytest.mark.parametrize("stored", [None, b"{}"])
def test_other_stored_bytes_fail(endings: list[Ending], stored: bytes | None) -> None:
    endings[0] = replace(endings[0], stored=stored)
    assert failed(judged(endings)) == [BYTES]


def test_a_stored_body_that_is_equal_only_as_json_fails(endings: list[Ending]) -> None:
    endings[0] = replace(endings[0], stored=endings[0].webhook.body.replace(b": ", b":"))
    assert failed(judged(endings)) == [BYTES]


def test_another_result_fails_and_names_the_node(endings: list[Ending]) -> None:
    nodes = {**endings[0].nodes, "summary": "something else"}
    endings[0] = changed(endings[0], task_context={"nodes": nodes})
    checks = judged(endings)
    assert failed(checks) == [RESULTS]
    assert checks[RESULTS].faults[0].endswith("another output of summary")


def test_a_node_too_many_fails(endings: list[Ending]) -> None:
    endings[0] = changed(endings[0], task_context={"nodes": {**endings[0].nodes, "more": None}})
    assert failed(judged(endings)) == [RESULTS]


def test_too_few_runs_that_the_kill_hit_fail(endings: list[Ending]) -> None:
    endings[0] = changed(endings[0], attempt=1, attempts=[])
    assert failed(judged(endings)) == [HIT]


def test_runs_that_the_killed_process_did_not_hold_do_not_count(endings: list[Ending]) -> None:
    assert failed(judged(endings, Kill(1, frozenset({UUID(int=0)})))) == [HIT]


def test_a_second_attempt_after_a_failure_does_not_count(endings: list[Ending]) -> None:
    failure = {"run_number": 1, "attempt": 1, "outcome": "failed"}
    endings[0] = changed(endings[0], attempts=[failure])
    assert failed(judged(endings)) == [HIT]


def test_no_kill_fails(endings: list[Ending]) -> None:
    assert failed(checks_of(endings, None, FEWEST_HIT, expected_nodes)) == [HIT]
