"""The main job with what a user installs: no checkout, no service, an empty folder."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from tests.cli.support import DevelopmentRun
from tests.support.processes import check_none_remains, processes_in
from tests.support.waiting import wait_until
from tests.support.wheel import run

pytestmark = [pytest.mark.slow, pytest.mark.services]

#: What a user adds to the first project: a call that takes its time, and says that it began.
SLOW = """

class Report(EventSchema, type="report.wanted"):
    pass


reports = Pipeline("reports", Report)


@reports.node
async def write(event: Report) -> int:
    import asyncio, os, pathlib

    began = pathlib.Path("began")
    if not began.exists():
        began.touch()
        await asyncio.sleep(3600)
    return os.getpid()
"""


@contextmanager
def development(elsewhere: Path, folder: Path) -> Iterator[DevelopmentRun]:
    """`headrace dev` of the installed wheel, ready, and stopped at the end."""
    started = DevelopmentRun(folder, elsewhere=elsewhere)
    try:
        started.wait_until_ready()
        yield started
    finally:
        started.stop()
        check_none_remains(folder)


def worker_in(folder: Path) -> psutil.Process:
    """The process that executes."""
    [found] = [process for process in processes_in(folder) if "headrace.worker.main" in process.cmdline()]
    return found


def test_an_event_survives_its_worker_and_a_restart_with_the_installed_wheel(elsewhere: Path, tmp_path: Path) -> None:
    headrace = elsewhere / "bin" / "headrace"
    run(headrace, "init", folder=tmp_path)
    with (tmp_path / "app.py").open("a") as program:
        program.write(SLOW)
    with development(elsewhere, tmp_path) as first:
        assert worker_in(tmp_path).cmdline()[0] == str(elsewhere / "bin" / "python")
        quick = first.send("ticket.opened", subject="Hello", body="My invoice?")
        event = first.wait_until_is(quick, "succeeded")
        assert event["task_context"]["nodes"]["reply"] == {"to": "billing", "text": "Re: Hello"}

        slow = first.send("report.wanted")
        wait_until((tmp_path / "began").exists, "the slow event runs")
        victim = worker_in(tmp_path)
        victim.kill()

        event = first.wait_until_is(slow, "succeeded")
        assert [attempt["outcome"] for attempt in event["attempts"]] == ["lost"]
        assert event["task_context"]["nodes"]["write"] != victim.pid
        assert first.interrupt() == 0
    with development(elsewhere, tmp_path) as again:
        assert again.event(slow) == event
        listed = run(headrace, "events", "list", folder=tmp_path)
        assert all(event_id in listed for event_id in (quick, slow))
        assert again.interrupt() == 0
