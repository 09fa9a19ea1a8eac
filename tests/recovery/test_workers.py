"""Workers end, in order and without a word: others go on with what they held."""

import signal
from uuid import UUID

import psutil
import pytest

from chaos.proxy import Proxy
from tests.support.installation import Installation
from tests.support.processes import Program
from tests.support.steps import new_event
from tests.support.waiting import wait_until

pytestmark = pytest.mark.slow

#: A lease, and within how many of them the runs of a worker that vanished begin again. In half a lease, a busy machine,
#: too, starts a process.
LEASE_SECONDS, LEASES = 16.0, 1.5

#: Within this long another relay leads.
LEADER_SECONDS = 5.0

#: Nodes that never end are not waited for.
IMPATIENT = {"grace_seconds": "0.5"}

#: Longer than a test waits for what needs no lease to run out.
LONG = {"lease_seconds": "120", "renew_seconds": "5", **IMPATIENT}

#: More runs than go together in a process where one of them may have ended it; and as many as that.
MANY, FEW = 200, 16


def hold_runs(installation: Installation, count: int = FEW) -> list[UUID]:
    """The ids of events that are running and will be for ever."""
    ids = installation.accept(*(new_event("slow", seconds=600) for _ in range(count)))
    installation.wait_until_all_are("running", ids)
    return ids


def vanish(supervisor: Program) -> None:
    """End a worker and all of its processes so that none sees another's end, as the loss of a host does."""
    supervisor.signal(signal.SIGSTOP)
    children = supervisor.children()
    for child in children:
        child.kill()
    supervisor.kill()
    psutil.wait_procs(children, timeout=5.0)


def all_run_again(installation: Installation, ids: list[UUID]) -> bool:
    again = "SELECT count(*) FROM headrace.runs WHERE state = 'running' AND attempt = 2 AND event_id = ANY (%s)"
    return bool(installation.storage.value(again, ids) == len(ids))


def test_what_a_vanished_worker_held_runs_again_soon_after_its_lease(installation: Installation) -> None:
    times = {"lease_seconds": str(LEASE_SECONDS), "renew_seconds": str(LEASE_SECONDS / 4), **IMPATIENT}
    first = installation.start_worker("trials", **times)
    ids = hold_runs(installation, MANY)
    installation.start("-m", "headrace.cli", "worker", app="trials", **times)
    installation.wait_for_workers(2)

    vanish(first)

    again = "all of its runs run again"
    wait_until(lambda: all_run_again(installation, ids), again, timeout_seconds=LEASES * LEASE_SECONDS)


def test_what_a_killed_process_held_waits_for_no_lease(installation: Installation) -> None:
    supervisor = installation.start_worker("trials", **LONG)
    ids = hold_runs(installation)
    [victim] = supervisor.children()

    victim.kill()

    wait_until(lambda: all_run_again(installation, ids), "all of its runs run again")


def test_what_a_stopping_worker_gives_back_waits_for_no_lease(installation: Installation) -> None:
    first = installation.start_worker("trials", **LONG)
    ids = hold_runs(installation)
    installation.start("-m", "headrace.cli", "worker", app="trials", **LONG)
    installation.wait_for_workers(2)

    first.terminate()

    wait_until(lambda: all_run_again(installation, ids), "all of its runs run again")
    assert {installation.storage.run(event_id)["losses"] for event_id in ids} == {0}


def test_a_leader_that_vanished_without_a_word_is_replaced(installation: Installation, database_proxy: Proxy) -> None:
    leader = "SELECT holder FROM headrace.leases WHERE expires > now()"
    vanished = installation.start("-m", "headrace.cli", "relay", database_url=database_proxy.url)
    wait_until(lambda: len(installation.storage.rows(leader)) == 1, "it leads")
    before = installation.storage.rows(leader)
    installation.start_worker("trials")

    database_proxy.hold()

    replaced = "another relay leads"
    wait_until(lambda: installation.storage.rows(leader) not in ([], before), replaced, timeout_seconds=LEADER_SECONDS)
    assert not vanished.has_ended()
    vanished.kill()
