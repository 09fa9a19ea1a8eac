"""Which events an operator means."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

#: A code, a node, a release or a queue that is named has so many characters at most, and one at least.
MOST_NAME_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class Selection:
    """Events by what they are; all that is given must hold, of several values one.

    `codes` are error codes, `nodes` those that failed or wait for a retry, `releases` those that the last attempt ran
    with. `since` is
    included, `until` is not; both compare the time of acceptance. `everything` says that it is meant where nothing else
    is given. `query` is a text by which a search finds the events: it chooses none until they are in `ids`.
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
    query: str | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing says which events are meant, nor that all are."""
        return not (self.ids or self.everything or self.has_filters)

    @property
    def has_filters(self) -> bool:
        """Whether events are chosen by anything beside their ids."""
        lists = (self.types, self.states, self.reasons, self.codes, self.nodes, self.releases)
        return any(lists) or self.since is not None or self.until is not None
