"""What is kept of webhooks and their results, on disk, for each byte that was accepted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bench.counters import stored_bytes
from bench.load.bodies import Body, make_bodies
from bench.rows.finishing import until_finished, until_projected
from bench.services import Services
from bench.systems.headrace.system import WITHOUT_SEARCH, Headrace
from bench.trials import WORKER_PROCESSES, Figure, Scale, Trial

ROW = "disk"

STORED = "bytes stored for each byte accepted"
WITH_SEARCH = f"{STORED}, search in Postgres included"

#: Webhooks of a whole run, and the least of a quick one: what every table costs by itself must not count.
EVENTS, LEAST_EVENTS = 30_000, 2_000

#: So many are sent, and the next when they are through: what a backlog takes is no matter of this row.
PART = 3_000

#: They are within so many seconds.
PATIENCE_SECONDS = 60.0

#: Tables that hold what is finished; the rest holds work under way, and its room is used again.
KEPT = ("headrace.events", "headrace.results")


@dataclass(frozen=True, slots=True)
class Outcome:
    """Bytes of the webhooks as they were sent, and of each table with its indexes."""

    accepted_bytes: int
    tables: Mapping[str, int]

    @property
    def ratio(self) -> float:
        """Bytes on disk for each that was accepted, all tables of the schema included."""
        return sum(self.tables.values()) / self.accepted_bytes

    @property
    def kept_ratio(self) -> float:
        """The same of the events and their results alone."""
        return sum(size for name, size in self.tables.items() if name in KEPT) / self.accepted_bytes


async def measure(services: Services, settings: Mapping[str, object], *, events: int) -> Outcome:
    """Accept and process so many webhooks, and look at the tables. Raises TimeoutError."""
    async with await services.connect() as connection, Headrace(services, settings) as system:
        bodies = make_bodies(Body.WEBHOOK, events)
        await system.start_workers(WORKER_PROCESSES)
        for start in range(0, events, PART):
            await system.fill(bodies[start : start + PART])
            await until_finished(system, min(start + PART, events), PATIENCE_SECONDS)
            # As the server does each minute; all of this takes less.
            await connection.execute("VACUUM headrace.runs")
        await until_projected(connection, PATIENCE_SECONDS)
        return Outcome(sum(map(len, bodies)), await stored_bytes(connection))


async def disk(services: Services, scale: Scale) -> Sequence[Figure]:
    """Events and results alone, and with what else there is."""
    outcome = await measure(services, WITHOUT_SEARCH, events=_events(scale))
    return [
        Figure(STORED, Body.WEBHOOK, Headrace.name, "bytes", outcome.ratio),
        Figure(f"{STORED}, events and results alone", Body.WEBHOOK, Headrace.name, "bytes", outcome.kept_ratio),
    ]


async def with_search(services: Services, scale: Scale) -> Sequence[Figure]:
    """The same with the search copy in Postgres, as it is by default."""
    outcome = await measure(services, {}, events=_events(scale))
    return [Figure(WITH_SEARCH, Body.WEBHOOK, Headrace.name, "bytes", outcome.ratio)]


def _events(scale: Scale) -> int:
    return max(LEAST_EVENTS, round(EVENTS * scale.part))


def trials() -> list[Trial]:
    """Both; chance has no part in them."""
    return [
        Trial(ROW, Headrace.name, Body.WEBHOOK, disk, once=True),
        Trial(ROW, Headrace.name, Body.WEBHOOK, with_search, once=True),
    ]
