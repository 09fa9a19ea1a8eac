"""A stock Celery worker, as `celery -A headrace.worker worker` starts it."""

from pathlib import Path

import pytest

from tests.support.installation import START_SECONDS, Installation
from tests.support.processes import Program
from tests.support.refused import careless_server, schema_ahead
from tests.support.steps import new_event

pytestmark = pytest.mark.slow


COMMAND = ("-m", "celery", "-A", "headrace.worker", "worker", "--concurrency", "1", "--pool")


def start(installation: Installation, pool: str, **overrides: str) -> Program:
    program = installation.start(*COMMAND, pool, app="trials", **overrides)
    installation.wait_for_workers(1)
    return program


@pytest.mark.parametrize("pool", ["threads", "prefork"])
def test_it_executes_events_and_at_its_end_gives_back_what_it_cannot_finish(
    installation: Installation, pool: str
) -> None:
    early = installation.accept(new_event("slow", seconds=0.1))
    program = start(installation, pool, grace_seconds="0.5")
    late = installation.accept(new_event("slow", seconds=0.1))
    installation.wait_until_all_are("succeeded", early + late)
    [endless] = installation.accept(new_event("slow", seconds=600))
    installation.wait_until_all_are("running", [endless])

    program.terminate()

    assert program.exit_code() == 0
    run = installation.storage.run(endless)
    assert (run["state"], run["owner"], run["losses"]) == ("queued", None, 0)
    assert installation.storage.rows("SELECT role FROM headrace.workers WHERE expires > now()") == []


def test_runs_of_a_killed_one_are_taken_over_by_the_next(installation: Installation) -> None:
    victim = start(installation, "threads", lease_seconds="1", renew_seconds="0.2")
    ids = installation.accept(new_event("slow", seconds=0.5))
    installation.wait_until_all_are("running", ids)
    victim.kill()

    start(installation, "threads")

    installation.wait_until_all_are("succeeded", ids)
    assert installation.storage.result(ids[0])["attempt"] == 2


@pytest.mark.parametrize("pool", ["threads", "prefork"])
@pytest.mark.parametrize(("releases", "remedy"), [(-1, "headrace migrate"), (2, "install that one")])
def test_a_schema_too_old_or_too_new_is_refused(
    installation: Installation, pool: str, releases: int, remedy: str
) -> None:
    with schema_ahead(installation, releases):
        program = installation.start(*COMMAND, pool, app="trials")
        assert program.exit_code(START_SECONDS) == 2

    assert "1 problem, in the settings or in your module:" in program.log.read_text()
    assert remedy in program.log.read_text()


def test_a_server_that_does_not_flush_is_refused(installation: Installation, tmp_path: Path) -> None:
    with careless_server(tmp_path / "careless") as database_url:
        program = installation.start(*COMMAND, "threads", app="trials", database_url=database_url)
        assert program.exit_code(START_SECONDS) == 2

    assert "2 problems" in program.log.read_text()
    assert "Set fsync = on" in program.log.read_text()
