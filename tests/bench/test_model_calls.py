from bench.load.model_calls import (
    ANSWER_BYTES,
    CALLS,
    FAILING,
    LONGEST_SECONDS,
    SHORTEST_SECONDS,
    ModelCall,
    calls_of,
    make_answers,
    make_body,
)


def test_an_event_always_makes_the_same_calls() -> None:
    assert calls_of(7) == calls_of(7) != calls_of(8)
    assert len(calls_of(7)) == CALLS


def test_calls_take_what_they_may_and_some_fail() -> None:
    calls = [call for number in range(2000) for call in calls_of(number)]
    assert all(SHORTEST_SECONDS <= call.seconds <= LONGEST_SECONDS for call in calls)
    assert 5.0 < sum(call.seconds for call in calls) / len(calls) < 5.6
    assert abs(sum(call.fails_first for call in calls) / len(calls) - FAILING) < 0.01


def test_a_scale_shortens_calls_and_leaves_failures_where_they_are() -> None:
    whole, short = calls_of(7), calls_of(7, 0.1)
    assert [call.fails_first for call in whole] == [call.fails_first for call in short]
    assert [round(call.seconds * 0.1, 9) for call in whole] == [round(call.seconds, 9) for call in short]


def test_a_first_try_that_fails_awaits_half_of_the_call() -> None:
    assert ModelCall(4.0, fails_first=True).awaited_seconds == 6.0
    assert ModelCall(4.0, fails_first=False).awaited_seconds == 4.0


def test_answers_are_long_enough_and_differ() -> None:
    answers = make_answers(4)
    assert {len(answer.encode()) for answer in answers} == {ANSWER_BYTES}
    assert len(set(answers)) == 4
    assert answers == make_answers(4)


def test_a_body_says_its_number_and_its_scale() -> None:
    assert make_body(7, 0.1) == b'{"type":"bench.model","number":7,"scale":0.1}'
