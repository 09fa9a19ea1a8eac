import pytest

from bench.goals import Goal
from bench.load.bodies import Body
from bench.measured import Verdict, ratio, table_of, verdicts_of, why_void
from bench.rows.accept import BATCHES, SINGLE
from bench.rows.end_to_end import latency_of
from tests.bench.figures import tried

SMALL = Body.SMALL


def test_a_ratio_is_that_of_the_medians() -> None:
    table = table_of([tried(SINGLE, "headrace", 2_000, 9_000, 3_000), tried(SINGLE, "documented", 250, 100, 260)])
    assert ratio(table, table[SINGLE, SMALL, "headrace"]) == 12


def test_batches_are_compared_with_single_posts() -> None:
    table = table_of([tried(BATCHES, "headrace", 15_000), tried(SINGLE, "documented", 250)])
    assert ratio(table, table[BATCHES, SMALL, "headrace"]) == 60


def test_without_the_other_figure_there_is_no_ratio() -> None:
    table = table_of([tried(SINGLE, "headrace", 2_000), tried(SINGLE, "documented", 250, body="webhooks")])
    assert ratio(table, table[SINGLE, SMALL, "headrace"]) is None


@pytest.mark.parametrize(("headrace", "word"), [(3_000, "met"), (2_999, "missed")])
def test_a_goal_is_met_at_its_limit(headrace: float, word: str) -> None:
    table = table_of([tried(SINGLE, "headrace", headrace), tried(SINGLE, "documented", 250)])
    verdict = next(found for found in verdicts_of(table) if found.goal.what == SINGLE and found.goal.body == SMALL)
    assert verdict.word == word


@pytest.mark.parametrize(("milliseconds", "word"), [(15.0, "met"), (15.1, "missed")])
def test_a_goal_may_be_the_most(milliseconds: float, word: str) -> None:
    what = latency_of(50, "p50")
    table = table_of([tried(what, "headrace", milliseconds, unit="ms")])
    assert next(found for found in verdicts_of(table) if found.goal.what == what).word == word


@pytest.mark.parametrize("void", ["headrace", "documented"])
def test_a_figure_with_a_wrong_result_in_any_round_counts_for_nothing(void: str) -> None:
    made = [tried(SINGLE, name, 3_000, 3_000, void=name == void) for name in ("headrace", "documented")]
    table = table_of(made)
    assert table[SINGLE, SMALL, void].is_void
    assert {found.word for found in verdicts_of(table)} == {"not measured"}


def test_what_was_not_measured_is_not_missed() -> None:
    assert Verdict(Goal("a", "b", 1), None).word == "not measured"


@pytest.mark.parametrize(("rate", "cores", "void"), [(199, 2, True), (200, 2, False), (150, 1, False)])
def test_a_run_in_which_the_other_system_was_too_slow_is_void(rate: float, cores: int, void: bool) -> None:
    table = table_of([tried(SINGLE, "documented", rate)])
    assert bool(why_void(table, cores)) is void
