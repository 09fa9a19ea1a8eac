"""What a program declares to recur does, from its start on."""

from uuid import UUID

import pytest

from headrace.domain.ids import derived_id
from tests.support.installation import Installation
from tests.support.waiting import wait_until
from tests.worker.test_stock import COMMAND

pytestmark = pytest.mark.slow

_FINISHED = """
SELECT e.source, t.schedule_id, t.tick, f.task_context FROM headrace.ticks t
JOIN headrace.events e ON e.id = t.event_id JOIN headrace.results f ON f.event_id = t.event_id
WHERE f.state = 'succeeded' AND e.source = %s ORDER BY t.tick
"""


def wait_for_two(installation: Installation, name: str) -> list[tuple[str, UUID, object, dict[str, object]]]:
    source = f"schedule:{name}"
    wait_until(lambda: len(installation.storage.rows(_FINISHED, source)) >= 2, f"two of {name} have run", 30.0)
    return installation.storage.rows(_FINISHED, source)


def test_pipelines_and_tasks_recur_until_a_release_declares_them_no_more(installation: Installation) -> None:
    worker = installation.start_worker("recurring")
    for _, _, _, context in wait_for_two(installation, "poll"):
        assert context["nodes"] == {"fetch": "https://example.org"}
    for _, schedule_id, tick, context in wait_for_two(installation, "counting"):
        assert context["nodes"] == {"call": [str(derived_id(schedule_id, tick.isoformat())), 2]}  # type: ignore[attr-defined]
    worker.stop()

    installation.start_worker("recurring_less")

    gone = "SELECT count(*) FROM headrace.schedules WHERE vanished IS NOT NULL AND name = 'counting'"
    wait_until(lambda: installation.storage.value(gone) == 1, "the other is switched off", 30.0)
    assert (
        installation.storage.value("SELECT settings ->> 'every' FROM headrace.schedules WHERE name = 'poll'")
        == "7200.0"
    )


def test_under_a_stock_worker_as_well(installation: Installation) -> None:
    installation.start(*COMMAND, "threads", app="recurring")

    wait_for_two(installation, "poll")
    wait_for_two(installation, "counting")


def test_a_mistake_in_the_program_is_told_at_the_start_with_its_place(installation: Installation) -> None:
    program = installation.start("-m", "headrace.cli", "worker", app="recurring_wrong")

    assert program.exit_code(60.0) == 2
    told = program.log.read_text()
    assert "schedule 'too_often' at app.py:13: every: must be from 1 second to 3660 days" in told
    assert "schedule 'misfit' at app.py:18: /url: Input should be a valid string" in told
