"""How the audit tells of the events of an act."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from headrace.domain.selection import Selection

#: Up to so many ids stand in one row of the audit.
AUDITED_IDS = 20


def selection_in_audit(selection: Selection) -> dict[str, Any]:
    """The selection as the audit has it: what is given, less long lists of ids."""
    members = {
        "types": list(selection.types),
        "states": list(selection.states),
        "reasons": list(selection.reasons),
        "codes": list(selection.codes),
        "nodes": list(selection.nodes),
        "releases": list(selection.releases),
        "since": selection.since,
        "until": selection.until,
        "all": selection.everything,
        "query": selection.query,
    }
    return {"selection": {name: value for name, value in members.items() if value}}


def ids_in_audit(ids: Sequence[UUID]) -> dict[str, Any]:
    """How many events were acted on, and which: the first and the last, and all where there are few."""
    told: dict[str, Any] = {"count": len(ids), "first": min(ids), "last": max(ids)}
    return told | {"ids": list(ids)} if len(ids) <= AUDITED_IDS else told
