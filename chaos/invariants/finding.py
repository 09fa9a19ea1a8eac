"""Naming what was found, only if something was."""

from collections.abc import Iterable, Iterator

from chaos.findings import Finding


def found(invariant: str, what: str, ids: Iterable[str]) -> Iterator[Finding]:
    """One finding with all of these ids in order; none without any."""
    named = sorted(set(ids))
    if named:
        yield Finding(invariant, what, named)
