import io

import pytest
from rich.console import Console, RenderableType

from headrace.demo.checks import Check
from headrace.demo.evidence import Evidence
from headrace.demo.memory import Memory
from headrace.demo.report import drawing, hit_table, judgement_of, ledger, rates, report_of, types_table
from tests.demo.endings import changed, good_endings, kill_of

STATS = {"accepted": 12, "unfinished": 1, "succeeded": 9, "failed": 2, "cancelled": 0, "erased": 0}

NODES = [
    {"name": "people", "inputs": ["event"], "after": []},
    {"name": "size", "inputs": ["event"], "after": []},
    {"name": "risk", "inputs": ["event", "size"], "after": []},
    {"name": "summary", "inputs": ["event", "people"], "after": ["risk"]},
]


def printed(*parts: RenderableType) -> str:
    console = Console(file=io.StringIO(), force_terminal=False, width=120)
    for part in parts:
        console.print(part, soft_wrap=True)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.fixture
def evidence() -> Evidence:
    endings = good_endings(12)
    return Evidence(
        endings=endings,
        kill=kill_of(endings[:10]),
        accept_seconds=0.5,
        stats=STATS,
        example=endings[0],
        pipeline={"name": "risky", "nodes": NODES, "mermaid": "flowchart TD\n    event --> people"},
        memory=[Memory("API", 1, 100 << 20)],
    )


def test_the_types_are_counted_and_added_up() -> None:
    lines = [line.split() for line in printed(types_table(good_endings(12))).splitlines()]
    rows = {line[0]: line[1:] for line in lines[1:]}
    assert sum(int(row[0]) for name, row in rows.items() if name != "all") == 12
    assert rows["all"] == ["12", "12", "6.50", "12.00", "12"]


def test_a_type_of_which_nothing_is_finished_has_no_times() -> None:
    [ending] = good_endings(1)
    unfinished = changed(ending, state="running", finished_at=None, task_context=None, attempts=[])
    assert printed(types_table([unfinished])).splitlines()[-1].split() == ["all", "1", "0"]


def test_calls_that_were_made_again_are_counted() -> None:
    [ending] = good_endings(1)
    again = changed(ending, task_context={"nodes": {}, "metadata": {"nodes": {"risk": {"attempts": 3}}}})
    assert again.calls_again == 2


def test_a_run_that_the_kill_hit_is_shown_with_both_attempts() -> None:
    [ending] = good_endings(1)
    line = printed(hit_table([ending])).splitlines()[-1]
    assert line.split(maxsplit=2)[1:] == [str(ending.event_id), "1 lost, 2 succeeded "]


def test_a_pipeline_is_drawn_level_by_level() -> None:
    assert drawing(NODES) == "event → people | size → risk → summary"


def test_the_ledger_is_a_sum() -> None:
    assert ledger(STATS) == "12 = 1 unfinished + 9 succeeded + 2 failed + 0 cancelled + 0 erased"


def test_rates_are_events_a_second(evidence: Evidence) -> None:
    accepted, finished = rates(evidence).splitlines()
    assert accepted == "24 accepted/s (12 in 0.50 s)"
    assert finished.startswith("1 finished/s (12 in 12.00 s")


def test_the_report_holds_every_part_and_no_control_codes(evidence: Evidence) -> None:
    text = printed(*report_of(evidence))
    for part in ("kill hit", "task_context", "flowchart TD", "ledger", "Rates", "Resident memory"):
        assert part in text
    assert str(evidence.example.event_id) in text
    assert "\x1b" not in text


def test_what_speaks_against_a_claim_is_printed_below_it_up_to_a_number() -> None:
    faults = tuple(f"fault {number}" for number in range(12))
    text = printed(*judgement_of([Check("water is wet", ()), Check("water is dry", faults)]))
    assert "✓ water is wet" in text
    assert "✗ water is dry" in text
    assert "fault 9" in text
    assert "fault 10" not in text
    assert "and 2 more" in text
