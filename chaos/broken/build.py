"""A build that is broken on purpose, to see that the campaign catches it."""

from collections.abc import Sequence
from dataclasses import dataclass

from chaos.faults.fault import Fault


@dataclass(frozen=True, slots=True)
class BrokenBuild:
    """What is broken, and what shows it.

    `app` is a module that every program of the installation imports as the user's: it breaks the product where it runs,
    and has the pipelines of `chaos.app`. Under `fault`, one of `invariants` must fall, and hold without the break.
    """

    name: str
    title: str
    app: str
    fault: Fault
    invariants: Sequence[str]
