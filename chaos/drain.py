"""How a backlog drains after an outage: `python -m chaos.drain` prints what was accepted and finished each second."""

import argparse
import asyncio
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg

from chaos.cluster.cluster import Cluster
from chaos.installation import running_installation
from chaos.journal import Journal
from chaos.load import Load
from chaos.waiting import until

#: Seconds of load before the outage, and after it until the load ends.
BEFORE_SECONDS, AFTER_SECONDS = 5.0, 20.0

#: A backlog that has not drained for so long will not.
MOST_SECONDS = 120.0

#: Characters of the longest bar.
BAR = 60

_COUNTS = """
SELECT coalesce(sum(delta) FILTER (WHERE state = 'accepted'), 0)::int,
       coalesce(sum(delta) FILTER (WHERE state <> 'accepted'), 0)::int
FROM headrace.tallies
"""


@dataclass(frozen=True, slots=True)
class Second:
    """What happened in a second: `unfinished` is the backlog at its end."""

    at: int
    is_out: bool
    accepted: int
    finished: int
    unfinished: int


@dataclass(slots=True)
class Outage:
    """What is away, and whether it is now."""

    cluster: Cluster
    what: str
    is_on: bool = False

    async def begin(self) -> None:
        self.is_on = True
        if self.what == "postgres":
            await asyncio.to_thread(self.cluster.postgres.stop_immediately)
        elif self.what == "redis":
            self.cluster.valkey.kill()
        else:
            for worker in self.cluster.workers:
                worker.stop()

    async def end(self) -> None:
        """It is over as soon as the servers answer and the workers are started: what follows is their recovery."""
        self.cluster.postgres.start()
        self.cluster.valkey.start()
        for worker in self.cluster.workers:
            if not worker.wanted:
                worker.start()
        await until(self._servers_answer, "PostgreSQL and Valkey answer", MOST_SECONDS)
        self.is_on = False
        await self.cluster.heal()

    async def _servers_answer(self) -> bool:
        return self.cluster.postgres.is_ready() and self.cluster.valkey.is_ready()


async def record(outage: Outage, over: asyncio.Event) -> list[Second]:
    """Each second until the load is over and nothing is left."""
    seconds: list[Second] = []
    began, (accepted, finished) = time.monotonic(), (await _counts(outage.cluster) or (0, 0))
    start = accepted - finished
    while len(seconds) < MOST_SECONDS and not (over.is_set() and seconds[-1].unfinished <= start):
        await asyncio.sleep(max(0.0, began + len(seconds) + 1 - time.monotonic()))
        counts = await _counts(outage.cluster) or (accepted, finished)
        now = Second(len(seconds), outage.is_on, counts[0] - accepted, counts[1] - finished, counts[0] - counts[1])
        accepted, finished = counts
        seconds.append(now)
        print(_line(now), flush=True)
    return seconds


async def _counts(cluster: Cluster) -> tuple[int, int] | None:
    """How many events were accepted and finished so far; None while nobody can say."""
    try:
        [(accepted, finished)] = await cluster.rows(_COUNTS)
    except psycopg.OperationalError:
        return None
    return accepted, finished


def _line(second: Second) -> str:
    mark = "out" if second.is_out else ""
    bar = "#" * min(BAR, second.finished // 5)
    return f"{second.at:4} {mark:4} {second.accepted:9} {second.finished:9} {second.unfinished:11}  {bar}"


def summary(seconds: Sequence[Second]) -> str:
    """How steadily the backlog drained: from the second after the outage in which it was deepest, to its end."""
    after = [second for second in seconds if second.at > max((s.at for s in seconds if s.is_out), default=0)]
    deepest = max(after, key=lambda second: second.unfinished)
    level = seconds[min(4, len(seconds) - 1)].unfinished
    drained = next((second.at for second in after if second.at > deepest.at and second.unfinished <= 2 * level), None)
    draining = [s.finished for s in after if deepest.at < s.at <= (drained or after[-1].at)] or [0]
    quarters = statistics.quantiles(draining, n=4) if len(draining) > 1 else draining * 3
    took = "not drained" if drained is None else f"drained in {drained - deepest.at} s"
    return (
        f"backlog {deepest.unfinished}, {took}; finished a second while draining: "
        f"least {min(draining)}, quarters {quarters[0]:.0f} {quarters[1]:.0f} {quarters[2]:.0f}, most {max(draining)}"
    )


async def run(what: str, seconds: float, events_per_second: float, folder: Path) -> None:
    """Load, outage, load, the end of it."""
    over = asyncio.Event()
    async with running_installation(folder / "installation", events_per_second) as installation:
        cluster = installation.cluster
        outage = Outage(cluster, what)
        print(f"{'s':>4} {'':4} {'accepted':>9} {'finished':>9} {'unfinished':>11}")
        with Journal(folder / "journal.jsonl") as journal:
            async with Load(cluster.apis, journal, random.Random(1), events_per_second, "drain-") as load:
                recording = asyncio.create_task(record(outage, over))
                loading = asyncio.create_task(load.run(over))
                await asyncio.sleep(BEFORE_SECONDS)
                await outage.begin()
                await asyncio.sleep(seconds)
                await outage.end()
                await asyncio.sleep(AFTER_SECONDS)
                over.set()
                await loading
                print(summary(await recording))


def main(words: Sequence[str]) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m chaos.drain", description=__doc__)
    parser.add_argument("--outage", choices=("workers", "postgres", "redis"), default="workers")
    parser.add_argument("--seconds", type=float, default=20.0, help="how long it lasts (%(default)g)")
    parser.add_argument("--events-per-second", type=float, default=50.0, help="the load (%(default)g)")
    given = parser.parse_args(words)
    with tempfile.TemporaryDirectory(prefix="headrace-drain-") as folder:
        asyncio.run(run(given.outage, given.seconds, given.events_per_second, Path(folder)))


if __name__ == "__main__":
    main(sys.argv[1:])
