"""What a check finds to be wrong."""

from collections.abc import Sequence
from dataclasses import dataclass

#: Of more ids than these, a finding for people names the first.
MOST_IDS = 5


@dataclass(frozen=True, slots=True)
class Finding:
    """A breach: the invariant that fell (I1 … I9), what is wrong, and of which events, keys or processes."""

    invariant: str
    what: str
    ids: Sequence[str] = ()

    def __str__(self) -> str:
        shown = ", ".join(self.ids[:MOST_IDS])
        more = f" and {len(self.ids) - MOST_IDS} more" if len(self.ids) > MOST_IDS else ""
        return f"{self.invariant}: {self.what}" + (f": {shown}{more}" if shown else "")
