from typing import Any

from headrace.cli.showing.event import event_lines
from tests.cli.showing.events import EVENT_ID, at, context, event, node


def told(columns: int = 60, *, show_all: bool = False, **members: Any) -> str:
    lines = event_lines(event(**members), columns, show_all=show_all)
    return "\n".join(line.plain.rstrip() for line in lines)


def test_an_event_that_nobody_took_yet_is_its_head_and_its_data() -> None:
    assert (
        told()
        == f"""\
{EVENT_ID}  ticket.opened  queued  since 2026-11-25 18:00:00.000Z
  created  2026-11-25 18:00:00.000Z
  attempt  0

Data
  {{"type": "ticket.opened", "subject": "no light"}}"""
    )


def test_an_event_for_later_says_for_when() -> None:
    assert "  for      2026-11-25 18:01:00.000Z\n" in told(state="waiting", reason="delay", deliver_at=at(60))


def test_a_failed_event_has_its_error_its_nodes_and_what_they_put_out() -> None:
    error = {
        "type": "TimeoutError",
        "message": "no\nanswer",
        "code": "node-failed",
        "frames": ["app.py:12 in reply: raise TimeoutError"],
    }
    nodes = {"classify": node("succeeded", 0, 1), "reply": node("failed", 1, 2)}
    text = told(
        state="failed",
        reason="node-failed",
        attempt=1,
        since=at(2),
        finished_at=at(2),
        release="release-1",
        parent_id=EVENT_ID,
        error=error,
        task_context=context(nodes, classify={"long": "x" * 60}),
        data={},
        children=[{"id": EVENT_ID, "type": "order.paid", "state": "queued"}],
    )
    assert (
        text
        == f"""\
{EVENT_ID}  ticket.opened  failed (node-failed)  since 2026-11-25 18:00:02.000Z
  created   2026-11-25 18:00:00.000Z
  finished  2026-11-25 18:00:02.000Z, after 2 s
  pipeline  tickets, version 1
  attempt   1
  release   release-1
  parent    {EVENT_ID}

Error
  TimeoutError: no ↵ answer  node-failed
    app.py:12 in reply: raise TimeoutError

Nodes
✓ classify  █████████████████                          1 s
✗ reply                      █████████████████         1 s

Children
  {EVENT_ID}  order.paid  queued

Data
  {{}}

Outputs
  classify  {{"long": "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…"""
    )


def test_what_an_event_waits_for_is_told_with_its_end() -> None:
    wait = {"node": "paid", "reason": "wait", "expires": None, "type": "order.paid", "match_key": "17", "arrived": None}
    waits = [
        wait,
        {**wait, "node": "other", "expires": at(60)},
        {**wait, "node": "third", "arrived": EVENT_ID},
        {**wait, "node": "each[3]", "reason": "retry", "expires": at(5)},
    ]
    assert f"""
Waits
  paid  for order.paid with the key 17, without an end
  other  for order.paid with the key 17, until 2026-11-25 18:01:00.000Z
  third  for order.paid, which came: {EVENT_ID}
  each[3]  retry, until 2026-11-25 18:00:05.000Z
""" in told(state="waiting", reason="wait", waits=waits)


def test_earlier_results_and_a_cancellation_under_way_are_told() -> None:
    error = {"type": "ValueError", "message": "no", "code": "python-error", "frames": []}
    past = {"run_number": 1, "state": "failed", "node": "charge", "attempt": 2, "finished_at": at(1), "error": error}
    second = {**past, "run_number": 2, "state": "succeeded", "node": None, "attempt": 1, "error": None}
    shown = told(state="running", past_results=[past, second], cancellations=[{"since": at(5), "actor": "api"}])
    assert "\n  cancelling  asked for by api, 2026-11-25 18:00:05.000Z\n" in shown
    assert (
        """
Earlier results
  run 1  failed in charge, 2026-11-25 18:00:01.000Z, 2 attempts  ValueError: no
  run 2  succeeded, 2026-11-25 18:00:01.000Z, 1 attempt
"""
        in shown
    )


def test_all_shows_values_whole_and_every_child() -> None:
    children = [{"id": EVENT_ID, "type": f"child.{number}", "state": "queued"} for number in range(12)]
    short, long = (told(children=children, data={"text": "x" * 80}, show_all=show_all) for show_all in (False, True))
    assert "  … 2 more: --all" in short
    assert "child.11" not in short
    assert "child.11" in long
    assert '  {\n    "text": "' + "x" * 80 + '"\n  }' in long


def test_what_a_task_of_the_users_own_stored_needs_no_nodes() -> None:
    assert "Outputs" not in told(task_context=[1])
    assert "Outputs" not in told(task_context={"nodes": 1})
