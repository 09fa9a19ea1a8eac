"""The campaign as a whole: the faults, or the trial of the broken builds; printed, written, and summed up in a code."""

import shutil
import tempfile
import time
from pathlib import Path

from chaos.broken.builds import BUILDS
from chaos.broken.trials import try_builds
from chaos.faults import FAULTS
from chaos.options import Options
from chaos.plan import plan
from chaos.report import (
    print_head,
    print_kept,
    print_tail,
    print_trials,
    print_trials_head,
    trials_of,
    verdicts_of,
    write_json,
)
from chaos.running import run_rounds

#: The exit codes: all went as it should; something did not.
PASSED, FAILED = 0, 1


async def run_campaign(options: Options) -> int:
    """Run it and print it; the exit code. Raises UnknownFault, CampaignFailed."""
    folder = _folder(options)
    began = time.monotonic()
    passed, told = await (_faults(options, folder, began) if options.broken is None else _broken(options, folder))
    for file in filter(None, (folder / "campaign.json", options.json_file)):
        write_json(file, options, {"passed": passed, "seconds": time.monotonic() - began, **told})
    if passed and options.folder is None:
        shutil.rmtree(folder)
    else:
        print_kept(folder)
    return PASSED if passed else FAILED


async def _faults(options: Options, folder: Path, began: float) -> tuple[bool, dict[str, object]]:
    rounds = plan(options, FAULTS, options.faults)
    print_head(options, rounds, folder)
    judgements = await run_rounds(rounds, folder, options.events_per_second)
    print_tail(options, judgements, time.monotonic() - began)
    passed = all(judgement.verdict in ("pass", "skipped") for judgement in judgements)
    return passed, {"rounds": verdicts_of(judgements)}


async def _broken(options: Options, folder: Path) -> tuple[bool, dict[str, object]]:
    print_trials_head(options, folder)
    trials = await try_builds(options, BUILDS, folder)
    print_trials(trials)
    return all(trial.is_caught for trial in trials), {"trials": trials_of(trials)}


def _folder(options: Options) -> Path:
    if options.folder is None:
        return Path(tempfile.mkdtemp(prefix="headrace-chaos-"))
    options.folder.mkdir(parents=True)
    return options.folder.absolute()
