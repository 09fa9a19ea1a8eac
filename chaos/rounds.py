"""One round: load, a fault, healing, quiet, judgement."""

import asyncio
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, get_args

import orjson

from chaos.calls import reruns, sizes_of
from chaos.cluster.cluster import Cluster
from chaos.collecting import Watched, collect
from chaos.copying import watch_copy
from chaos.evidence import Evidence
from chaos.faults.fault import Injected, Scene
from chaos.findings import Finding
from chaos.installation import Installation
from chaos.invariants import breaches
from chaos.journal import History, Journal, read_journal
from chaos.load import Load
from chaos.plan import Round
from chaos.waiting import CampaignFailed, came_true

#: The load runs alone for so long before the fault begins.
ALONE_SECONDS = 1.0

#: A fault that kills may go on for so many times its time until enough kills counted, and for so many seconds at least.
PATIENCE, LEAST_PATIENCE_SECONDS = 2.0, 40.0

#: In so many seconds after the healing no work may be left.
QUIET_SECONDS = 90.0


#: What a round comes to.
Verdict = Literal["pass", "breach", "void", "skipped"]

#: All verdicts, the best first.
VERDICTS: Sequence[Verdict] = get_args(Verdict)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What became of a round. `void` says why it proves nothing; that is no pass. `skipped` says why it was not run."""

    round: str
    fault: str
    title: str
    seed: int
    seconds: float
    events: int
    ok: int
    refused: int
    unknown: int
    accept_p99_seconds: float | None
    kills: int = 0
    counted: int = 0
    reruns: int = 0
    taken_over: int = 0
    quiet_seconds: float | None = None
    copied_seconds: float | None = None
    details: dict[str, float] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    void: str | None = None
    skipped: str | None = None

    @property
    def verdict(self) -> Verdict:
        """A breach is one, whatever else there is."""
        if self.findings:
            return "breach"
        if self.skipped:
            return "skipped"
        return "void" if self.void else "pass"


async def run_round(installation: Installation, planned: Round, folder: Path, events_per_second: float) -> Judgement:
    """Break the installation, mend it, and judge what is left; the raw evidence is kept in `folder`."""
    cluster, path = installation.cluster, folder / "journal.jsonl"
    calls_before = sizes_of(cluster.calls)
    try:
        injected = await _break(cluster, planned, path, events_per_second)
    except CampaignFailed as error:
        return _not_healed(planned, read_journal(path), error)
    (folder / "injected.json").write_bytes(orjson.dumps(injected, default=sorted))
    healed_at = time.monotonic()
    quiet_seconds = await came_true(installation.is_quiet, QUIET_SECONDS)
    copy = await watch_copy(cluster, healed_at)
    measures = await installation.measures()
    watched = Watched(read_journal(path), calls_before, quiet_seconds, installation.baseline, measures, copy)
    evidence = await collect(cluster, watched)
    (folder / "evidence.json").write_bytes(orjson.dumps(evidence, default=sorted))
    return judge(planned, injected, evidence)


async def _break(cluster: Cluster, planned: Round, path: Path, events_per_second: float) -> Injected:
    """From the first event to the healing."""
    chance = random.Random(planned.seed)
    prefix = f"{planned.name}-"
    with Journal(path) as journal:
        async with Load(cluster.apis, journal, chance, events_per_second, prefix) as load:
            over = asyncio.Event()
            loading = asyncio.create_task(load.run(over))
            await asyncio.sleep(ALONE_SECONDS)
            try:
                injected = await planned.fault.inject(_scene(cluster, load, planned, chance))
            finally:
                over.set()
            await cluster.heal()
            await loading
    return injected


def _scene(cluster: Cluster, load: Load, planned: Round, chance: random.Random) -> Scene:
    return Scene(
        cluster,
        load,
        random.Random(chance.random()),
        until=time.monotonic() + planned.seconds,
        least_kills=planned.least_kills,
        # A slow machine needs longer to start what was killed.
        patience_seconds=max(PATIENCE * planned.seconds, LEAST_PATIENCE_SECONDS),
    )


def judge(planned: Round, injected: Injected, evidence: Evidence) -> Judgement:
    """What the evidence says of a round."""
    return replace(
        _blank(planned, evidence.history),
        kills=len(injected.kills),
        counted=injected.counted,
        reruns=reruns(evidence.calls),
        taken_over=len(evidence.lost_attempts),
        quiet_seconds=None if evidence.quiet_seconds is None else round(evidence.quiet_seconds, 1),
        copied_seconds=round(evidence.copy.seconds, 1),
        details=injected.details,
        findings=[*breaches(evidence), *injected.findings, *planned.fault.check(evidence, injected)],
        void=_void(planned, evidence.history.count("ok"), injected),
        skipped=injected.skipped,
    )


def _blank(planned: Round, history: History) -> Judgement:
    """A round as its journal tells of it, not judged yet."""
    p99 = history.slowest("ok", 0.99)
    return Judgement(
        round=planned.name,
        fault=planned.fault.name,
        title=planned.fault.title,
        seed=planned.seed,
        seconds=round(planned.seconds, 1),
        events=len(history.intents),
        ok=history.count("ok"),
        refused=history.count("refused"),
        unknown=history.count("unknown"),
        accept_p99_seconds=None if p99 is None else round(p99, 3),
    )


def _not_healed(planned: Round, history: History, error: CampaignFailed) -> Judgement:
    """Of an installation that does not come back there is no other evidence."""
    return replace(_blank(planned, history), findings=[Finding("I7", f"not healed: {error}")])


def _void(planned: Round, ok: int, injected: Injected) -> str | None:
    if ok < planned.least_ok:
        return f"{ok} events were accepted, and {planned.least_ok} are needed"
    if planned.fault.effect and not injected.details.get(planned.fault.effect) and not injected.skipped:
        return f"the fault had no effect: {planned.fault.effect} 0"
    if injected.counted < planned.least_kills:
        return f"{injected.counted} kills counted, and {planned.least_kills} are needed"
    return None
