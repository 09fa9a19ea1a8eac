"""Which events an operator means."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Selection:
    """Events by what they are; all that is given must hold, of several values one.

    `codes` are error codes, `nodes` those that failed, `releases` those that the last attempt ran with. `since` is
    included, `until` is not; both compare the time of acceptance. `everything` says that it is meant where nothing else
    is given.
    """

    ids: Sequence[UUID] = ()
    types: Sequence[str] = ()
    states: Sequence[str] = ()
    reasons: Sequence[str] = ()
    codes: Sequence[str] = ()
    nodes: Sequence[str] = ()
    releases: Sequence[str] = ()
    since: datetime | None = None
    until: datetime | None = None
    everything: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether nothing says which events are meant, nor that all are."""
        return not (self.ids or self.everything or self._filters)

    @property
    def names_all(self) -> bool:
        """Whether each event is named by its id, and nothing else is asked of it."""
        return bool(self.ids) and not self._filters

    @property
    def _filters(self) -> bool:
        lists = (self.types, self.states, self.reasons, self.codes, self.nodes, self.releases)
        return any(lists) or self.since is not None or self.until is not None
