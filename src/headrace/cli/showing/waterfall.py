"""The waterfall: a line for each node, with a bar from its start to its end, and what it said below it."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, assert_never

from rich.cells import set_cell_size
from rich.text import Text

from headrace.cli.showing.axis import Axis, Span, axis_of
from headrace.cli.showing.remarks import MOST_REMARKS, Remark, remarks_of
from headrace.cli.showing.rows import AttemptRow, NodeRow, Row, rows_of
from headrace.cli.showing.words import at_utc, clock, plural

#: The mark and the style of a node, by its state.
MARKS: Mapping[str, tuple[str, str]] = {
    "succeeded": ("✓", "green"),
    "failed": ("✗", "red"),
    "skipped": ("·", "dim"),
    "waiting": ("…", "yellow"),
    "begun": ("▸", "cyan"),
}

#: The columns of the longest name that is shown whole, of how long a node took, and of the shortest bar.
_NAME, _TOOK, _BAR = 24, 12, 10

#: Blocks of a bar whose end lies ahead.
_OPEN = "░"


def waterfall_lines(event: Mapping[str, Any], columns: int, *, show_all: bool = False) -> Iterator[Text]:
    """Of an event as `GET /events/{id}` answers it; nothing where none of its nodes is known.

    Of each node the newest remarks are shown, cut to the width, or all of them, whole.
    """
    remarks, day = remarks_of(event), at_utc(event["created_at"]).date()
    rows = rows_of(event, remarks.by_node)
    nodes = [row for row in rows if isinstance(row, NodeRow)]
    name_columns = min(max((len(row.name) for row in nodes), default=0), _NAME)
    detail_columns = min(max((len(row.detail) for row in nodes), default=0), columns // 3)
    free = columns - name_columns - detail_columns - _TOOK - 6
    axis = axis_of(_spans(rows), max(free, _BAR))
    last = axis.stretches[-1][1] if axis.stretches else None
    for row in rows:
        match row:
            case AttemptRow():
                line = Text.assemble(("! ", "red"), f"{clock(row.end, day)}  {row.text}")
            case NodeRow():
                line = _node_line(row, name_columns, axis, last)
            case _:
                assert_never(row)
        yield _cut(line, columns, show_all=show_all)
        if isinstance(row, NodeRow):
            for remark in _remark_lines(remarks.by_node.get(row.name, ()), day, show_all=show_all):
                yield _cut(remark, columns, show_all=show_all)
    if remarks.dropped:
        yield Text(f"{plural(remarks.dropped, 'older log line')} not kept", "dim")
    if axis.is_shortened:
        yield Text("Time in which nothing ran is drawn shorter than it was.", "dim")


def _spans(rows: Sequence[Row]) -> list[Span]:
    return [(row.begin, row.end or row.begin) for row in rows if row.begin is not None]


def _node_line(row: NodeRow, name_columns: int, axis: Axis, last: datetime | None) -> Text:
    mark, style = MARKS.get(row.state, ("?", ""))
    if row.begin is None or last is None:
        bar = " " * axis.columns
    elif row.end is None:
        bar = axis.bar(row.begin, last, _OPEN)
    else:
        bar = axis.bar(row.begin, row.end)
    took = row.took or row.state
    name = set_cell_size(row.name, name_columns)
    line = Text.assemble((f"{mark} ", style), (name, "bold"), "  ", (bar, style), f" {took:>{_TOOK - 1}}")
    return line.append(f"  {row.detail}" if row.detail else "", "dim")


def _remark_lines(remarks: Sequence[Remark], day: date, *, show_all: bool) -> Iterator[Text]:
    shown = remarks if show_all else remarks[-MOST_REMARKS:]
    if len(shown) < len(remarks):
        yield Text(f"    … {plural(len(remarks) - len(shown), 'earlier line')}: --all", "dim")
    for remark in shown:
        style = {"note": "cyan", "warning": "yellow", "error": "red", "critical": "red"}.get(remark.level, "dim")
        yield Text.assemble((f"    {clock(remark.at, day)} ", "dim"), (f"{remark.level:<7} ", style), remark.text)


def _cut(line: Text, columns: int, *, show_all: bool) -> Text:
    if not show_all:
        line.truncate(columns, overflow="ellipsis")
    return line
