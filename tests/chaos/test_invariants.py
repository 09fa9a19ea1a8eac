"""Each invariant sees each kind of breach, and nothing where nothing is wrong."""

from dataclasses import replace
from typing import Any

import orjson
import pytest

from chaos.collecting import counts_in
from chaos.evidence import Evidence, StoredEvent, StoredResult, StoredRun
from chaos.invariants import breaches
from chaos.journal import Answer, Outcome, Purpose, Sending
from tests.chaos.invented import BAD, CHILD, COUNTS, GOOD, MEASURES, call, evidence, history

PROBLEM = {
    "type": "/problems#unavailable",
    "title": "The service is unavailable",
    "status": 503,
    "detail": "The database cannot be written now.",
    "instance": "/events",
    "code": "unavailable",
    "request_id": "1",
    "errors": [],
}

REFUSAL = {**PROBLEM, "status": 422, "code": "idempotency-key-reused"}


def found(spoilt: Evidence) -> list[tuple[str, list[str]]]:
    return [(finding.invariant, list(finding.ids)) for finding in breaches(spoilt)]


def answered(
    status: int,
    body: object = PROBLEM,
    media_type: str = "application/problem+json",
    retry_after: str | None = "1",
) -> Evidence:
    """A second request for the first event, answered so."""
    answer = Answer(status, media_type, orjson.dumps(body).decode(), retry_after)
    outcome = Outcome("unknown", why=str(status), answer=answer)
    return evidence(history=history(Sending("a", 3, "again", "api-1", outcome)))


def results(**changes: StoredResult | None) -> list[StoredResult]:
    """The results, but for those that are changed or left out (None)."""
    named = {"good": evidence().results[0], "bad": evidence().results[1], "child": evidence().results[2]}
    return [result for result in {**named, **changes}.values() if result is not None]


def test_nothing_is_found_where_nothing_is_wrong() -> None:
    assert found(evidence()) == []
    assert found(answered(503)) == []


def test_an_accepted_event_that_is_not_stored_is_a_breach() -> None:
    lost = evidence(events=[event for event in evidence().events if event.id != GOOD], results=results(good=None))
    assert ("I1", [GOOD]) in found(lost)


@pytest.mark.parametrize(("which", "event_id"), [("good", GOOD), ("child", CHILD)])
def test_an_event_without_a_result_is_a_breach(which: str, event_id: str) -> None:
    waiting = [StoredRun(event_id, "waiting", "retry", 3)]
    assert ("I1", [event_id]) in found(evidence(runs=waiting, results=results(**{which: None})))


def test_a_past_result_does_not_count_as_a_result() -> None:
    past = replace(evidence().results[0], past=True)
    assert ("I1", [GOOD]) in found(evidence(results=results(good=past)))


def test_an_output_that_is_wrong_is_a_breach() -> None:
    wrong = replace(evidence().results[0], nodes={"ship": "b"})
    assert found(evidence(results=results(good=wrong))) == [("I1", [GOOD])]


def test_two_events_under_one_key_are_a_breach() -> None:
    twin = StoredEvent("twin", "order", "a")
    result = StoredResult("twin", 1, 1, "succeeded", nodes={"ship": "a"})
    assert ("I2", ["a"]) in found(evidence(events=[*evidence().events, twin], results=[*results(), result]))


def test_two_ids_for_one_key_are_a_breach() -> None:
    other = Sending("a", 3, "repeat", "api-2", Outcome("ok", event_id="other"))
    assert ("I2", ["a"]) in found(evidence(history=history(other)))


def test_a_repeat_that_is_not_told_to_be_one_is_a_breach() -> None:
    repeat = Sending("a", 3, "repeat", "api-2", Outcome("ok", event_id=GOOD))
    assert found(evidence(history=history(repeat))) == [("I2", ["a"])]
    assert repeat.outcome is not None
    repeat.outcome = replace(repeat.outcome, replayed=True)
    assert found(evidence(history=history(repeat))) == []


def test_another_body_that_is_accepted_under_a_used_key_is_a_breach() -> None:
    other = Sending("a", 3, "other-body", "api-2", Outcome("ok", event_id=GOOD, replayed=True))
    assert found(evidence(history=history(other))) == [("I2", ["a"])]


def test_a_refused_event_that_is_stored_is_a_breach() -> None:
    told = history()
    told.sendings[0].outcome = Outcome("refused", answer=Answer(422, "application/problem+json", ""))
    assert ("I2", ["a"]) in found(evidence(history=told))


@pytest.mark.parametrize("outcome", [None, Outcome("unknown", why="ReadTimeout")])
def test_an_event_of_which_nobody_knows_may_be_stored_or_not(outcome: Outcome | None) -> None:
    told = history()
    told.sendings[0].outcome = outcome
    assert found(evidence(history=told)) == []
    assert found(evidence(history=told, events=evidence().events[1:2], results=results(good=None, child=None))) == []


@pytest.mark.parametrize(("purpose", "fallen"), [("first", [["a"]]), ("repeat", [["a"]]), ("other-body", [])])
def test_only_another_body_may_be_refused(purpose: Purpose, fallen: list[list[str]]) -> None:
    refusal = Outcome("refused", answer=Answer(422, "application/problem+json", orjson.dumps(REFUSAL).decode()))
    sendings = history(Sending("a", 3, purpose, "api-1", refusal))
    assert [ids for invariant, ids in found(evidence(history=sendings)) if invariant == "I2"] == fallen


def test_what_a_run_emitted_is_stored_once() -> None:
    lost = evidence(events=evidence().events[:2], results=results(child=None))
    assert found(lost) == [("I1", [GOOD])]
    twin = StoredEvent("twin", "receipt", "a", parent=GOOD)
    result = StoredResult("twin", 1, 1, "succeeded", nodes={"file": "a"})
    assert found(evidence(events=[*evidence().events, twin], results=[*results(), result])) == [("I3", [GOOD])]


def test_what_nobody_emitted_is_not_stored() -> None:
    told = history()
    told.intents["a"] = replace(told.intents["a"], body='{"type": "order"}')
    assert found(evidence(history=told)) == [("I3", [GOOD])]


def test_a_cancelled_event_is_a_breach() -> None:
    cancelled = StoredResult(CHILD, 1, 1, "cancelled")
    assert found(evidence(results=results(child=cancelled))) == [("I4", [CHILD])]


def test_two_results_of_one_run_are_a_breach() -> None:
    again = replace(evidence().results[0], past=True)
    assert found(evidence(results=[*results(), again])) == [("I3", [GOOD])]


def test_the_results_of_two_runs_are_none() -> None:
    earlier = replace(evidence().results[0], past=True)
    assert found(evidence(results=results(good=replace(earlier, past=False, run_number=2), earlier=earlier))) == []


def test_the_result_of_an_attempt_that_was_taken_over_is_a_breach() -> None:
    late = replace(evidence().results[0], attempt=1)
    assert found(evidence(results=results(good=late))) == [("I3", [GOOD])]


def test_the_outputs_of_an_attempt_that_was_not_the_last_are_a_breach() -> None:
    earlier = replace(evidence().results[0], made_by=1)
    assert found(evidence(results=results(good=earlier))) == [("I3", [GOOD])]
    replayed = [replace(earlier, past=True), replace(earlier, run_number=2)]
    assert found(evidence(results=[*results(good=None), *replayed])) == []


def test_a_key_that_changes_within_an_epoch_is_a_breach() -> None:
    calls = [call(GOOD, "charge", "a"), call(GOOD, "charge", "a", key=f"{GOOD}.1.charge/2")]
    assert found(evidence(calls=calls)) == [("I3", ["a charge"])]


def test_a_fresh_epoch_has_a_fresh_key() -> None:
    calls = [call(GOOD, "charge", "a"), call(GOOD, "charge", "a", key=f"{GOOD}.2.charge")]
    assert found(evidence(calls=calls)) == []


def test_a_key_of_two_items_is_a_breach() -> None:
    calls = [call(BAD, "weigh", "b", item=item) for item in (0, 1)]
    assert found(evidence(calls=calls)) == [("I3", [f"{BAD}.1.weigh"])]


def test_a_good_event_that_failed_is_a_breach() -> None:
    failed = StoredResult(GOOD, 1, 3, "failed", reason="worker-lost")
    assert ("I4", [GOOD]) in found(evidence(results=results(good=failed), listed_failed=frozenset({GOOD, BAD})))


def test_poison_that_succeeded_is_a_breach() -> None:
    succeeded = StoredResult(BAD, 1, 1, "succeeded", nodes={"send": "b"})
    assert found(evidence(results=results(bad=succeeded), listed_failed=frozenset())) == [("I4", [BAD])]


def test_a_failed_event_that_is_not_listed_is_a_breach_and_so_is_one_that_is_listed_and_did_not_fail() -> None:
    assert found(evidence(listed_failed=frozenset())) == [("I4", [BAD])]
    assert found(evidence(listed_failed=frozenset({BAD, GOOD}))) == [("I4", [GOOD])]


@pytest.mark.parametrize("retry_after", [None, "soon"])
def test_a_503_that_does_not_say_when_to_try_again_is_a_breach(retry_after: str | None) -> None:
    assert found(answered(503, retry_after=retry_after)) == [("I6", ["a (503)"])]


@pytest.mark.parametrize("status", [500, 502, 504])
def test_a_server_error_other_than_503_is_a_breach(status: int) -> None:
    assert ("I6", [f"a ({status})"]) in found(answered(status, {**PROBLEM, "status": status}))


@pytest.mark.parametrize(
    ("body", "media_type"),
    [
        (PROBLEM, "application/json"),
        ({**PROBLEM, "status": 500}, "application/problem+json"),
        ({"title": "no more than that"}, "application/problem+json"),
        ("text", "application/problem+json"),
    ],
)
def test_an_error_that_is_no_problem_document_is_a_breach(body: object, media_type: str) -> None:
    assert found(answered(503, body, media_type)) == [("I6", ["a (503)"])]


def test_work_that_remains_is_a_breach() -> None:
    left = evidence(quiet_seconds=None, runs=[StoredRun(GOOD, "waiting", "retry", 3)])
    assert found(left) == [("I7", [f"{GOOD} (waiting, retry)"])]


@pytest.mark.parametrize(
    "ledger",
    [
        {"counted": {**COUNTS, "succeeded": 1}},
        {"tallied": {**COUNTS, "failed": 0}},
        {"told": {"/stats of api-1": COUNTS, "/metrics of api-1": {**COUNTS, "unfinished": 1}}},
        {"both": [GOOD]},
        {"neither": [GOOD]},
        {"strangers": [GOOD]},
    ],
)
def test_a_ledger_that_does_not_add_up_is_a_breach(ledger: dict[str, Any]) -> None:
    assert {invariant for invariant, _ in found(evidence(ledger=replace(evidence().ledger, **ledger)))} == {"I8"}


def test_what_was_erased_is_counted_by_the_ledger_alone() -> None:
    told = {**COUNTS, "accepted": COUNTS["accepted"] + 2, "erased": 2}
    ledger = replace(evidence().ledger, tallied=told, told={"/stats of api-1": told})
    assert found(evidence(ledger=ledger)) == []
    forgotten = replace(ledger, told={"/stats of api-1": {**told, "erased": 1}})
    assert [invariant for invariant, _ in found(evidence(ledger=forgotten))] == ["I8"]


@pytest.mark.parametrize(
    "after",
    [
        {"connections": 26},
        {"descriptors": {"api": 36}},
        {"memory_bytes": {"worker process": 137 * 2**20}},
    ],
)
def test_what_does_not_come_back_is_a_breach(after: dict[str, Any]) -> None:
    assert [invariant for invariant, _ in found(evidence(measures=replace(MEASURES, **after)))] == ["I9"]


@pytest.mark.parametrize(
    "after",
    [
        {"connections": 22, "announced": 20},
        {"connections": 25},
        {"descriptors": {"api": 35}},
        {"memory_bytes": {"worker process": 135 * 2**20}},
        {"descriptors": {}, "memory_bytes": {}},
    ],
)
def test_a_tenth_more_is_none(after: dict[str, Any]) -> None:
    assert found(evidence(measures=replace(MEASURES, **after))) == []


def test_the_counts_of_metrics_are_those_of_the_events() -> None:
    text = 'headrace_runs{reason="",state="queued"} 4.0\nheadrace_events{state="accepted"} 7.0\n'
    assert counts_in(text) == {"accepted": 7}
