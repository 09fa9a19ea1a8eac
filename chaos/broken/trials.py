"""Trying broken builds: each must be caught, and the sound build must pass the same fault and seed."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from chaos.broken.build import BrokenBuild
from chaos.broken.trial import Trial
from chaos.options import Options
from chaos.plan import UnknownFault, plan
from chaos.rounds import Judgement
from chaos.running import run_rounds

#: Kills that must count in a trial: that a broken build is caught says itself that the fault was strong enough.
KILLS = 3


async def try_builds(options: Options, builds: Sequence[BrokenBuild], folder: Path) -> list[Trial]:
    """All of them, or those that the options name. Raises UnknownFault, CampaignFailed."""
    trials = []
    sound: dict[str, Judgement] = {}
    for build in _chosen(options, builds):
        [planned] = plan(options, [build.fault], [build.fault.name])
        rounds, fault = [replace(planned, least_kills=min(KILLS, planned.least_kills))], build.fault.name
        if fault not in sound:
            print(f"{fault} on the sound build")
            [sound[fault]] = await run_rounds(rounds, folder / "sound" / fault, options.events_per_second)
        print(f"{fault} on the broken build {build.name}: {build.title}")
        [broken] = await run_rounds(rounds, folder / build.name, options.events_per_second, build.app)
        trials.append(Trial(build, sound[fault], broken))
    return trials


def _chosen(options: Options, builds: Sequence[BrokenBuild]) -> list[BrokenBuild]:
    known = {build.name: build for build in builds}
    if missing := [name for name in options.broken or () if name not in known]:
        raise UnknownFault(f"There is no broken build {', '.join(missing)}: there are {', '.join(known)}.")
    return [known[name] for name in options.broken or known]
