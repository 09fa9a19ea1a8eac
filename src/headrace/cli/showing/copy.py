"""What the commands about the search copy tell people."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rich.text import Text

from headrace.cli.months import told
from headrace.cli.showing.words import moment, plain, table
from headrace.store.projections import MOST_COUNTED

if TYPE_CHECKING:
    from headrace.flow.project.comparing import Difference
    from headrace.flow.project.examining import MonthVerdict
    from headrace.flow.project.rebuilding import Progress
    from headrace.store.projections import Lag, Refusal

#: For so many bad documents it is told how likely a sample misses them all.
_BAD = (1, 10, 100, 1000)

#: Smaller chances are all told alike.
_LEAST = 1e-6


def month_lines(verdict: "MonthVerdict") -> Iterator[Text]:
    """A month: the counts, then what differs and what was refused."""
    counts = f"{verdict.expected:,} finished, {verdict.found:,} in the copy, {verdict.compared:,} compared whole"
    differing = sum(verdict.counts.values())
    says = (f"{differing:,} differ", "red") if differing else ("equal", "green")
    yield Text.assemble((told(verdict.month), "bold"), f"  {counts}: ", says)
    for each in verdict.further:
        yield Text(f"  index {plain(each.index)}: {each.expected:,} finished events name it, {each.found:,} in it")
    yield from table(map(_difference, verdict.differences))
    if differing > len(verdict.differences):
        yield Text(f"  and {differing - len(verdict.differences):,} more; --all lists them")
    if verdict.refused:
        yield Text(f"  {verdict.refused:,} refused by the copy, which are not counted as differences:")
        yield from table(map(_refusal, verdict.refusals))
        if verdict.refused > len(verdict.refusals):
            yield Text(f"  and {verdict.refused - len(verdict.refusals):,} more: headrace index refusals")


def summary_lines(verdicts: "Sequence[MonthVerdict]", lag: "Lag") -> Iterator[Text]:
    """All months in a line or two."""
    counts: Counter[str] = Counter()
    for verdict in verdicts:
        counts.update(verdict.counts)
    by_kind = ", ".join(f"{count:,} {kind}" for kind, count in sorted(counts.items()))
    expected = sum(verdict.expected for verdict in verdicts)
    yield Text(f"{expected:,} finished events: {by_kind or 'nothing differs'}")
    if lag.waiting:
        more = " or more" if lag.waiting >= MOST_COUNTED else ""
        yield Text(f"{lag.waiting:,}{more} wait to be written, which is no difference")


def chance_lines(verdicts: "Sequence[MonthVerdict]", share: float) -> Iterator[Text]:
    """What a sample may have missed."""
    compared, expected = (sum(getattr(each, name) for each in verdicts) for name in ("compared", "expected"))
    if share == 1:
        yield Text("Every document was compared whole: nothing is missed.")
        return
    yield Text(
        f"{compared:,} of {expected:,} documents were compared whole, each with a chance of {share:g}. "
        "Of those that hold something else under their right version, that misses"
    )
    yield from table(
        (f"all of {bad:,}" if bad > 1 else "a single one", f"with a chance of {percent((1 - share) ** bad)}")
        for bad in _BAD
    )
    yield Text("To compare every document: --full")


def percent(chance: float) -> str:
    """`99 %`, `36.6 %`, `0.00432 %`."""
    return f"{chance * 100:.3g} %" if chance >= _LEAST else f"less than {_LEAST * 100:g} %"


def rebuilt_lines(done: "Sequence[Progress]") -> Iterator[Text]:
    """How far each month was built."""
    for each in done:
        yield Text.assemble((told(each.month), "bold"), f"  {each.done:,} of {each.total:,} finished events are built")
        if each.refused:
            yield Text(f"  {each.refused:,} of them were refused: {plain(each.reason or '')}")
            yield Text("  each with its reason: headrace index refusals")
    if not done:
        yield Text("Neither Postgres nor the search copy has anything of that time.")


def refusal_lines(refusals: "Sequence[Refusal]", count: int) -> Iterator[Text]:
    """The refused entries, and what becomes of them."""
    yield from table(map(_refusal, refusals), indent="")
    if count > len(refusals):
        yield Text(f"and {count - len(refusals):,} more")
    if refusals:
        yield Text("They are sent again by themselves once the copy's mapping has changed.")


def _difference(difference: "Difference") -> tuple[str, ...]:
    where = "" if difference.index is None else f"in {plain(difference.index)}"
    return difference.kind, plain(difference.name), _versions(difference), where


def _versions(difference: "Difference") -> str:
    from headrace.flow.project.comparing import Kind

    match difference.kind:
        case Kind.MISSING:
            return f"version {difference.expected} is not there"
        case Kind.OTHER_VERSION:
            return f"version {difference.found} in place of {difference.expected}"
        case Kind.STRANGER:
            return f"version {difference.found} of what Postgres has not"
        case Kind.DIFFERENT:
            return f"version {difference.found} holds something else"


def _refusal(refusal: "Refusal") -> tuple[str, ...]:
    return str(refusal.event_id), f"since {moment(refusal.since.isoformat())}", plain(refusal.reason)
