"""Decoded JSON: its single values, with their paths, and what is left of it without some of its fields.

A path consists of the keys from the root, with dots between; what an array holds has the path of the array.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Set
from typing import Any

import orjson

from headrace.domain.marks import checked_path, whole_path
from headrace.domain.values import value
from headrace.settings.masking import MASK

#: A single value: no object and no array.
Leaf = str | int | float | bool | None

#: Where a field is masked, or some fields alone are to be found, nothing is shown of what lies deeper.
DEEPEST = 300

#: What has a longer path is found by no path.
MOST_PATH_CHARACTERS = 500


@value()
class Masked:
    """Fields whose values nobody is to see: `names` at any depth, and `paths`; both folded by `casefold`."""

    names: Set[str] = frozenset()
    paths: Set[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.names or self.paths)


def leaf_text(leaf: Leaf) -> str:
    """A single value as a text: a string as it is, the others as JSON writes them."""
    if isinstance(leaf, str):
        return leaf
    if isinstance(leaf, int) and not isinstance(leaf, bool):
        return str(leaf)
    return orjson.dumps(leaf).decode()


def is_text(leaf: Leaf) -> bool:
    """Whether a single value has words: a string or a number."""
    return leaf is not None and not isinstance(leaf, bool)


def masked_of(names: Iterable[str]) -> Masked:
    """The fields that a list of names means: a name without a dot at any depth, one with dots as a path.

    A path that begins with no root lies in the payload. What the event has beside its JSON (`query.NAMES`) is not
    covered. Raises ValueError for what can be no field.
    """
    folded = [checked_path(name).casefold() for name in names]
    return Masked(
        frozenset(name for name in folded if "." not in name),
        frozenset(whole_path(name) for name in folded if "." in name),
    )


def texts_in(tree: Any) -> Iterator[str]:
    """The strings and numbers of a tree as texts, in their order."""
    waiting = [tree]
    while waiting:
        found = waiting.pop()
        if isinstance(found, str):
            yield found
        elif isinstance(found, dict):
            waiting.extend(reversed(found.values()))
        elif isinstance(found, list):
            waiting.extend(reversed(found))
        elif is_text(found):
            yield leaf_text(found)


def shallow_first(trees: dict[str, Any]) -> Iterator[tuple[str, Leaf]]:
    """The single values of trees, each found at its path: those with few keys above them come first."""
    waiting = deque(trees.items())
    while waiting:
        at, found = waiting.popleft()
        if len(at) > MOST_PATH_CHARACTERS:
            continue
        if isinstance(found, dict):
            waiting.extend((f"{at}.{key}", inner) for key, inner in found.items())
        elif isinstance(found, list):
            waiting.extend((at, inner) for inner in found)
        else:
            yield at, found


def masked(tree: Any, path: str, fields: Masked, depth: int = 0) -> Any:
    """The tree that is found at a path, with `***` for the value of each masked field."""
    if path in fields.paths or depth > DEEPEST:
        return MASK
    if isinstance(tree, dict):
        return {
            key: MASK
            if (name := key.casefold()) in fields.names
            else masked(inner, f"{path}.{name}", fields, depth + 1)
            for key, inner in tree.items()
        }
    if isinstance(tree, list):
        return [masked(inner, path, fields, depth + 1) for inner in tree]
    return tree


def within(tree: Any, path: str, covered: Set[str], depth: int = 0) -> Any:
    """What of a tree lies at or below the covered paths; None if nothing does."""
    if path in covered:
        return tree
    if depth > DEEPEST or not any(wanted.startswith(f"{path}.") for wanted in covered):
        return None
    if isinstance(tree, dict):
        inside = {key: within(inner, f"{path}.{key}", covered, depth + 1) for key, inner in tree.items()}
        return {key: inner for key, inner in inside.items() if inner is not None} or None
    if isinstance(tree, list):
        found = (within(inner, path, covered, depth + 1) for inner in tree)
        return [inner for inner in found if inner is not None] or None
    return None
