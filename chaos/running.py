"""One round after the other, each on an installation that no breach has spoilt."""

import asyncio
import itertools
from collections.abc import Sequence
from pathlib import Path

from chaos.cluster.search import search_program
from chaos.installation import Installation, running_installation
from chaos.plan import Round
from chaos.report import print_round
from chaos.rounds import Judgement, run_round


async def run_rounds(
    rounds: Sequence[Round], folder: Path, events_per_second: float, app: str = "chaos.app"
) -> list[Judgement]:
    """All rounds, on one installation as long as they pass; after a breach, on a new one. Raises CampaignFailed.

    Rounds that need a search copy have an installation with one.
    """
    judgements: list[Judgement] = []
    while len(judgements) < len(rounds):
        left = rounds[len(judgements) :]
        alike = _alike(left)
        elasticsearch = await asyncio.to_thread(search_program, folder) if alike[0].fault.searches else None
        own = folder / f"installation-{len(judgements) + 1}"
        async with running_installation(own, events_per_second, app, elasticsearch) as installation:
            for planned in alike:
                judgements.append(await _run(installation, planned, folder, events_per_second))
                if judgements[-1].verdict == "breach":
                    break
    return judgements


def _alike(rounds: Sequence[Round]) -> Sequence[Round]:
    """The first of them that can share an installation."""
    searches = rounds[0].fault.searches
    return list(itertools.takewhile(lambda planned: planned.fault.searches == searches, rounds))


async def _run(installation: Installation, planned: Round, folder: Path, events_per_second: float) -> Judgement:
    own = _made(folder / "rounds" / planned.name)
    judgement = await run_round(installation, planned, own, events_per_second)
    print_round(judgement)
    return judgement


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder
