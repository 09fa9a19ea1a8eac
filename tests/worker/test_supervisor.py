"""`headrace worker` as an operator meets it: processes end, and their work does not."""

import psutil
import pytest

from headrace.worker.supervisor import MOST_APART
from tests.support.installation import Installation
from tests.support.processes import processes_in
from tests.support.steps import new_event
from tests.support.waiting import wait_until

pytestmark = pytest.mark.slow


def test_events_are_finished_by_a_worker(installation: Installation) -> None:
    early = installation.accept(new_event(body="my invoice"))
    installation.start_worker("tickets")
    late = installation.accept(new_event())

    installation.wait_until_all_are("succeeded", early + late)

    context = installation.storage.result(early[0])["task_context"]
    assert context["nodes"]["classify"] == "billing"


def test_the_runs_of_a_killed_process_are_finished_by_its_successor(installation: Installation) -> None:
    supervisor = installation.start_worker("trials", poll_seconds="0.2")
    ids = installation.accept(*(new_event("slow", seconds=0.5) for _ in range(20)))
    installation.wait_until_all_are("running", ids)
    [victim] = supervisor.children()

    victim.kill()

    installation.wait_until_all_are("succeeded", ids)
    results = [installation.storage.result(event_id) for event_id in ids]
    assert {result["attempt"] for result in results} == {2}
    assert victim.pid not in {result["task_context"]["nodes"]["wait"] for result in results}
    assert {outcome for event_id in ids for _, outcome, _ in installation.storage.attempts(event_id)} == {"lost"}


def test_a_stopping_worker_finishes_what_it_can(installation: Installation) -> None:
    supervisor = installation.start_worker("trials")
    ids = installation.accept(new_event("slow", seconds=1))
    installation.wait_until_all_are("running", ids)

    supervisor.terminate()

    assert supervisor.exit_code() == 0
    assert installation.storage.states(ids) == ["succeeded"]
    assert installation.storage.value("SELECT count(*) FROM headrace.workers") == 0


def test_a_stopping_worker_gives_the_rest_back_uncharged(installation: Installation) -> None:
    supervisor = installation.start_worker("trials", grace_seconds="0.5")
    ids = installation.accept(*(new_event("slow", seconds=600) for _ in range(3)))
    installation.wait_until_all_are("running", ids)

    supervisor.terminate()

    assert supervisor.exit_code() == 0
    for event_id in ids:
        run = installation.storage.run(event_id)
        assert (run["state"], run["owner"], run["attempt"]) == ("queued", None, 1)
        assert (run["losses"], run["failures"]) == (0, {})
    assert installation.storage.value("SELECT count(*) FROM headrace.workers") == 0


def test_a_worker_whose_loop_stands_still_is_replaced(installation: Installation) -> None:
    supervisor = installation.start_worker("trials", stuck_seconds="2")
    [stuck] = supervisor.children()

    ids = installation.accept(new_event("blocking"))

    installation.wait_until_all_are("succeeded", ids)
    assert installation.storage.result(ids[0])["task_context"]["nodes"]["block"] != stuck.pid
    wait_until(lambda: not stuck.is_running(), "the stuck process is gone")


def test_a_program_that_takes_longer_to_import_than_a_loop_may_stand_still_is_waited_for(
    installation: Installation,
) -> None:
    installation.start_worker("late", stuck_seconds="2")

    ids = installation.accept(new_event("late"))

    installation.wait_until_all_are("succeeded", ids)


def test_a_run_that_ends_its_process_goes_on_apart_and_its_neighbours_do_not_suffer(
    installation: Installation,
) -> None:
    installation.start_worker("trials")
    neighbours = installation.accept(*(new_event("slow", seconds=0.3) for _ in range(2)))
    deadly = installation.accept(new_event("deadly", deaths=2))

    installation.wait_until_all_are("succeeded", neighbours + deadly, timeout_seconds=40.0)

    [event_id] = deadly
    result = installation.storage.result(event_id)
    assert result["attempt"] == 3
    assert "alone" in result["task_context"]["nodes"]["die"]
    assert installation.storage.attempts(event_id) == [(1, "lost", None), (2, "lost", None)]
    assert all(len(installation.storage.attempts(neighbour)) <= 2 for neighbour in neighbours)


def test_several_runs_that_lost_two_workers_go_on_at_the_same_time(installation: Installation) -> None:
    ids = installation.accept(*(new_event("slow", seconds=600) for _ in range(6)))
    installation.storage.rows("UPDATE headrace.runs SET losses = 2")
    installation.start_worker("trials")
    held = "SELECT count(DISTINCT owner) FROM headrace.runs WHERE owner IS NOT NULL"

    wait_until(lambda: installation.storage.value(held) == MOST_APART, "each of several processes has one of them")

    assert installation.storage.states(ids).count("running") == MOST_APART


def test_no_process_outlives_a_killed_supervisor(installation: Installation) -> None:
    supervisor = installation.start_worker("trials", worker_processes="2")
    installation.wait_for_workers(2)

    supervisor.kill()

    wait_until(lambda: not processes_in(installation.folder), "its processes are gone")


def test_no_process_outlives_a_supervisor_that_is_killed_while_it_starts_them(
    installation: Installation,
) -> None:
    supervisor = installation.start("-m", "headrace.cli", "worker", app="tickets", worker_processes="2")
    wait_until(lambda: len(supervisor.children()) == 2, "it started its processes")

    supervisor.kill()

    wait_until(lambda: not processes_in(installation.folder), "its processes are gone")
    assert not psutil.pid_exists(supervisor.pid)
