"""What came of trying a broken build."""

from dataclasses import dataclass

from chaos.broken.build import BrokenBuild
from chaos.rounds import Judgement


@dataclass(frozen=True, slots=True)
class Trial:
    """The same round on the sound build and on a broken one."""

    build: BrokenBuild
    sound: Judgement
    broken: Judgement

    @property
    def fallen(self) -> list[str]:
        """The invariants that fell in the broken build."""
        return sorted({finding.invariant for finding in self.broken.findings})

    @property
    def is_caught(self) -> bool:
        """Whether what should fall did, and nothing did in the sound build."""
        return self.sound.verdict == "pass" and not set(self.build.invariants).isdisjoint(self.fallen)
