"""Clocks that are wrong, by Debian's libfaketime: the wall clocks of processes alone, as they are on a wrong host."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

from chaos.cluster.cluster import Cluster
from chaos.cluster.program import Program
from chaos.faults.fault import Fault, Injected, Scene
from chaos.faults.lacking import lacking
from chaos.faults.restarting import restarted
from chaos.findings import Finding

#: Where the library is: apt-get install faketime.
LIBRARIES = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))

#: By how much the clocks of the workers are wrong, one after the other, and those of the APIs.
WORKERS: Sequence[str] = ("+2h", "-2h")
APIS: Sequence[str] = ("+400d", "+400d", "+0")

# Ids carry the moment of acceptance: the database's, where the clock of an API is far from that.
_WRONG = """
SELECT id::text FROM headrace.events
WHERE headrace.time_of(id) NOT BETWEEN now() - interval '1 day' AND now() + interval '1 minute'
"""

# What is written down of times, by whomever.
_WRONG_TIMES = """
SELECT event_id::text FROM headrace.results
WHERE finished_at NOT BETWEEN now() - interval '1 day' AND now() + interval '1 minute'
UNION ALL
SELECT event_id::text FROM headrace.attempts
WHERE ended_at NOT BETWEEN now() - interval '1 day' AND now() + interval '1 minute'
"""


async def bend_clocks(scene: Scene) -> Injected:
    """Run workers two hours ahead and behind, and APIs more than a year ahead, for as long as there is time."""
    if not LIBRARIES:
        return without_library("F26")
    injected = Injected()
    async with restarted(scene.cluster, _bent(scene.cluster)):
        await asyncio.sleep(scene.seconds_left)
        for what, statement in (("an id", _WRONG), ("a time", _WRONG_TIMES)):
            if ids := [event_id for (event_id,) in await scene.cluster.rows(statement)]:
                injected.findings.append(Finding("F26", f"{what} by the clock of a host that is wrong", sorted(ids)))
    return injected


def without_library(fault: str) -> Injected:
    """What comes of a fault of clocks on a machine without the library."""
    return lacking(fault, "libfaketime", "apt-get install faketime")


def bent_by(amount: str) -> Mapping[str, str]:
    """The variables that make a program's wall clock wrong; a restart begins with the true time again."""
    return {
        "LD_PRELOAD": str(LIBRARIES[0]),
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "DONT_FAKE_MONOTONIC": "1",
        "FAKETIME": amount,
    }


def _bent(cluster: Cluster) -> Mapping[Program, Mapping[str, str]]:
    amounts = [*zip(cluster.apis, APIS, strict=True), *zip(cluster.workers, WORKERS, strict=True)]
    return {program: bent_by(amount) for program, amount in amounts}


F26 = Fault("F26", "clocks: workers' two hours off, APIs' 400 days", "clocks", bend_clocks)
