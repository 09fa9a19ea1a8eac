"""One round after the other, each on an installation that no breach has spoilt."""

from collections.abc import Sequence
from pathlib import Path

from chaos.installation import Installation, running_installation
from chaos.plan import Round
from chaos.report import print_round
from chaos.rounds import Judgement, run_round


async def run_rounds(
    rounds: Sequence[Round], folder: Path, events_per_second: float, app: str = "chaos.app"
) -> list[Judgement]:
    """All rounds, on one installation as long as they pass; after a breach, on a new one. Raises CampaignFailed."""
    judgements: list[Judgement] = []
    while len(judgements) < len(rounds):
        own = folder / f"installation-{len(judgements) + 1}"
        async with running_installation(own, events_per_second, app) as installation:
            for planned in rounds[len(judgements) :]:
                judgements.append(await _run(installation, planned, folder, events_per_second))
                if judgements[-1].verdict == "breach":
                    break
    return judgements


async def _run(installation: Installation, planned: Round, folder: Path, events_per_second: float) -> Judgement:
    own = _made(folder / "rounds" / planned.name)
    judgement = await run_round(installation, planned, own, events_per_second)
    print_round(judgement)
    return judgement


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder
