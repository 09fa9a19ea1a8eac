"""What a fault is, and what it is given to break."""

import random
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from chaos.cluster.cluster import Cluster
from chaos.evidence import Evidence
from chaos.findings import Finding
from chaos.load import Load

#: Faults that break the same thing. The short campaign takes one of each.
Family = Literal["api", "worker", "everything", "redis", "postgres", "nodes", "clocks", "load", "search", "mix"]


@dataclass(frozen=True, slots=True)
class Kill:
    """The end of a process at a moment (Unix time); it counts if the victim held work then."""

    at: float
    victim: str
    counts: bool


@dataclass(slots=True)
class Injected:
    """What a fault did; `details` are figures to report.

    `skipped` says why the fault cannot be injected on this machine.
    """

    kills: list[Kill] = field(default_factory=list)
    details: dict[str, float] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    skipped: str | None = None

    @property
    def counted(self) -> int:
        """How many kills met somebody at work."""
        return sum(kill.counts for kill in self.kills)

    def kill(self, victim: str, *, counts: bool) -> None:
        """Write down that somebody was killed just now."""
        self.kills.append(Kill(time.time(), victim, counts))


@dataclass(frozen=True, slots=True)
class Scene:
    """Where a fault acts: it may do what it likes to `cluster` until the moment `until` (monotonic seconds).

    A fault that kills goes on until `least_kills` counted, but no longer than `patience_seconds` more.

    `load` is under way all the time; `chance` is the fault's own, and the only source of chance that it has.
    """

    cluster: Cluster
    load: Load
    chance: random.Random
    until: float
    least_kills: int = 0
    patience_seconds: float = 0.0

    @property
    def seconds_left(self) -> float:
        return max(0.0, self.until - time.monotonic())

    @property
    def is_over(self) -> bool:
        return time.monotonic() >= self.until

    def goes_on(self, injected: Injected) -> bool:
        """Whether there is time for a further kill, or need of one."""
        late = time.monotonic() - self.until
        return late < 0 or (injected.counted < self.least_kills and late < self.patience_seconds)


def no_check(_evidence: Evidence, _injected: Injected) -> Sequence[Finding]:
    """Most faults are judged by the invariants alone."""
    return ()


@dataclass(frozen=True, slots=True)
class Fault:
    """One way to break a running installation.

    `inject` ends by `scene.until`, and need not mend anything: the campaign heals the cluster behind it. With
    `kills`, a round without enough counted kills is void; with an `effect`, one in whose details that figure is 0.
    `check` is asked, after the invariants, for what this fault alone promises. One that `searches` has a search copy in
    its installation, if the machine can have one.
    """

    name: str
    title: str
    family: Family
    inject: Callable[[Scene], Awaitable[Injected]]
    kills: bool = False
    effect: str | None = None
    check: Callable[[Evidence, Injected], Sequence[Finding]] = no_check
    searches: bool = False
