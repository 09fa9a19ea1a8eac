from typing import Any

from headrace.cli.showing.waterfall import waterfall_lines
from tests.cli.showing.events import attempt, context, event, log_line, logs, node, note


def drawn(columns: int = 60, *, show_all: bool = False, **members: Any) -> list[str]:
    lines = waterfall_lines(event(**members), columns, show_all=show_all)
    return [line.plain.rstrip() for line in lines]


def test_each_node_is_a_bar_where_it_ran() -> None:
    nodes = {
        "reply": node("failed", 1.0, 2.0, attempts=2),
        "classify": node("succeeded", 0.0, 1.0),
        "later": {"state": "skipped"},
    }
    assert drawn(task_context=context(nodes)) == [
        "✓ classify  █████████████▌                      1 s",
        "✗ reply                  █████████████▌         1 s  2 calls",
        "· later                                     skipped",
    ]


def test_a_map_tells_its_items() -> None:
    nodes = {"each": node("succeeded", 0, 1, items={"total": 10, "failed": 1})}
    assert drawn(task_context=context(nodes)) == [
        "✓ each  ████████████████████         1 s  10 items, 1 failed",
    ]


def test_attempts_that_came_to_nothing_stand_between_and_what_they_kept_names_them() -> None:
    nodes = {"classify": node("succeeded", 0, 1), "reply": node("succeeded", 7200, 7201)}
    lost = {"outcome": "lost", "node": None, "error": None, "run_number": 2}
    attempts = [attempt(1, 0, 2), attempt(2, 2, 3, **lost)]
    assert drawn(80, task_context=context(nodes, 7200), attempts=attempts) == [
        "✓ classify  ███████▋                                    1 s  kept from attempt 1",
        "! 18:00:02.000  attempt 1 failed in reply: TimeoutError: no answer",
        "! 18:00:03.000  run 2, attempt 2 lost",
        "✓ reply                                ███████▋         1 s",
        "Time in which nothing ran is drawn shorter than it was.",
    ]


def test_an_attempt_that_only_waited_leaves_no_number() -> None:
    nodes = {"classify": node("succeeded", 0, 1)}
    assert drawn(task_context=context(nodes, 10))[0].endswith("1 s  kept")


def test_an_unfinished_run_shows_what_is_kept_waits_or_spoke() -> None:
    checkpoints = [
        {"node": "classify", "item": None, "times": node("succeeded", 0, 1)},
        {"node": "each", "item": 0, "times": node("succeeded", 1, 2)},
    ]
    lines = drawn(
        checkpoints=checkpoints, waits=[{"node": "nap"}], notes=[note("reply", 2, message="half way", done=5)]
    )
    assert lines == [
        "✓ classify  ███████████▌                    1 s",
        "▸ each                 ███████████▌         1 s  1 item done",
        "… nap                                   waiting",
        "▸ reply                                   begun",
        "    18:00:02.000 note    half way  done=5",
    ]


def test_a_node_that_goes_on_has_an_open_bar() -> None:
    nodes = {"classify": node("succeeded", 0, 2), "nap": node("waiting", 1)}
    assert drawn(40, task_context=context(nodes)) == [
        "✓ classify  ██████████████         2 s",
        "… nap              ░░░░░░░     waiting",
    ]


def test_of_what_a_node_said_the_newest_is_shown_and_cut_unless_all_is_asked_for() -> None:
    lines = [log_line("classify", 0.1 * count, f"line {count}") for count in range(7)]
    said = logs(*lines, log_line("classify", 0.9, "x" * 60, "warning"), dropped=3)
    members: dict[str, Any] = {"task_context": context({"classify": node("succeeded", 0, 1)}), "logs": said}
    short = drawn(50, **members)
    assert short[1:] == [
        "    … 3 earlier lines: --all",
        "    18:00:00.300 info    line 3",
        "    18:00:00.400 info    line 4",
        "    18:00:00.500 info    line 5",
        "    18:00:00.600 info    line 6",
        "    18:00:00.900 warning " + "x" * 24 + "…",
        "3 older log lines not kept",
    ]
    assert len(drawn(50, show_all=True, **members)) == 1 + 8 + 1
    assert drawn(50, show_all=True, **members)[-2].endswith("x" * 60)


def test_no_line_is_wider_than_asked_for() -> None:
    nodes = {"n" * 40: node("failed", 0, 1, error="e" * 200), "m": node("succeeded", 1, 2)}
    for columns in (60, 80, 100):
        assert all(len(line) <= columns for line in drawn(columns, task_context=context(nodes)))


def test_an_event_of_which_nothing_came_has_no_waterfall() -> None:
    assert drawn() == []
    assert drawn(task_context=["anything"]) == []
