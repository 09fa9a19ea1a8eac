"""What follows what, as a tree: each node stands once, below the last of those that it waits for."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.text import Text

#: What stands before one of several branches, before the last of them, and before what alone follows.
_BRANCH, _LAST, _ONLY = "├─ ", "└─ ", "↓ "

#: The same for a node that takes no output of the one above it.
_AFTER = {_BRANCH: "├╌ ", _LAST: "└╌ ", _ONLY: "⇣ "}

#: The columns before what is below a branch; none below what alone follows, so that a chain goes straight down.
_INDENT = {_BRANCH: "│  ", _LAST: "   ", _ONLY: ""}

#: Before the name of a node whose shape is not the plain one.
_SIGNS = {"router": "◇ ", "map": "≡ ", "join": "⋈ ", "sleep": "◷ ", "wait": "◷ "}

_Node = Mapping[str, Any]


def graph_lines(pipeline: Mapping[str, Any]) -> Iterator[Text]:
    """The tree from the event down, then what always runs at the end."""
    nodes: Sequence[_Node] = pipeline["nodes"]
    position = {node["name"]: index for index, node in enumerate(nodes)}
    below: dict[str | None, list[_Node]] = {}
    for node in nodes:
        if node["shape"] != "finally":
            last = max(node["upstream"], key=position.__getitem__, default=None)
            below.setdefault(last, []).append(node)
    yield Text(pipeline["type"], "cyan")
    yield from _branches(None, below)
    endings = [node for node in nodes if node["shape"] == "finally"]
    if endings:
        yield Text("at the end, whatever happens", "cyan")
        yield from _branches(None, {None: endings})


def _branches(parent: str | None, below: Mapping[str | None, Sequence[_Node]]) -> Iterator[Text]:
    """Every node below one, in order; a stack, because a chain may be longer than Python's calls nest."""
    stack = _below(parent, below, "")
    while stack:
        node, above, before, branch = stack.pop()
        yield _line(node, above, before, branch)
        stack += _below(node["name"], below, before + _INDENT[branch])


def _below(
    parent: str | None, below: Mapping[str | None, Sequence[_Node]], indent: str
) -> list[tuple[_Node, str | None, str, str]]:
    """Each node with the one above it, its indent and its branch; the last one first."""
    nodes = below.get(parent, ())
    first = _ONLY if len(nodes) == 1 else _LAST
    return [(node, parent, indent, _BRANCH if at else first) for at, node in enumerate(reversed(nodes))]


def _line(node: _Node, above: str | None, before: str, branch: str) -> Text:
    hands_over = above is None or above in _sources(node)
    others = [name for name in node["upstream"] if name != above]
    line = Text.assemble((before + (branch if hands_over else _AFTER[branch]), "dim"))
    line.append(_SIGNS.get(node["shape"], "")).append(node["name"], "bold")
    if others:
        line.append(f"  with {', '.join(others)}", "dim")
    return line


def _sources(node: _Node) -> list[str]:
    """Whose output the node takes."""
    paths = [node[name].partition(".")[0] for name in ("over", "key") if name in node]
    return [*node["inputs"], *paths]
