"""The broken builds still break something that the product has."""

import subprocess
import sys
from pathlib import Path

from chaos.broken.builds import BUILDS
from chaos.broken.trial import Trial
from chaos.findings import Finding
from chaos.rounds import Judgement

ROOT = Path(__file__).parents[2]


def judged(*fallen: str) -> Judgement:
    return Judgement(
        round="01-F7", fault="F7", title="", seed=1, seconds=14, events=700, ok=700, refused=0, unknown=0,
        accept_p99_seconds=0.01, quiet_seconds=1.0, findings=[Finding(name, "") for name in fallen],
    )  # fmt: skip


def test_the_broken_builds_find_what_they_break() -> None:
    # In a process apart, because they break the product where they are imported.
    imports = "; ".join(f"import {build.app}" for build in BUILDS)
    subprocess.run([sys.executable, "-c", imports], cwd=ROOT, check=True)


def test_a_build_is_caught_if_what_should_fall_does_and_the_sound_one_passes() -> None:
    [build] = [build for build in BUILDS if build.name == "no-fencing"]
    assert Trial(build, judged(), judged("I1", "I3")).is_caught
    assert not Trial(build, judged(), judged("I1")).is_caught
    assert not Trial(build, judged(), judged()).is_caught
    assert not Trial(build, judged("I9"), judged("I3")).is_caught
