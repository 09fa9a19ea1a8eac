"""What the marks in a context's metadata ask of the search copy: those of `ElasticsearchIndexNode`, or a user's own."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from headrace.domain.query import ROOTS
from headrace.domain.values import value

#: The key of the metadata under which the marks lie.
SEARCH = "search"

#: What an index may be called.
INDEX_PATTERN = r"[a-z0-9][a-z0-9._-]{0,99}"

#: So many marks of an event count, the first ones.
MOST_MARKS = 20

_INDEX = re.compile(INDEX_PATTERN)


@value()
class Marks:
    """All marks of an event in one. `fields` are the paths that alone are to be found; None where all are."""

    indices: tuple[str, ...] = ()
    fields: frozenset[str] | None = None
    extra: Mapping[str, Any] | None = None


def marks_of(metadata: object) -> Marks:
    """The marks of a context's metadata, which a node may have written as it liked: what is no mark is passed over."""
    marks = list(_marks_in(metadata))
    if not marks:
        return Marks()
    indices = (mark.get("index") for mark in marks)
    fields = [mark["fields"] for mark in marks if isinstance(mark.get("fields"), list)]
    extra: dict[str, Any] = {}
    for mark in marks:
        extra |= added if isinstance(added := mark.get("extra"), dict) else {}
    return Marks(
        tuple(dict.fromkeys(name for name in indices if isinstance(name, str) and is_index_name(name))),
        frozenset(whole_path(path) for paths in fields for path in paths if isinstance(path, str)) if fields else None,
        extra or None,
    )


def is_index_name(name: str) -> bool:
    """Whether an index may be called so."""
    return _INDEX.fullmatch(name) is not None


def whole_path(path: str) -> str:
    """The path from a root of the document; one that begins with none lies in the payload."""
    return path if path.partition(".")[0] in ROOTS else f"payload.{path}"


def checked_path(path: str) -> str:
    """The path itself. Raises ValueError for what nobody means as one."""
    if not path or path != path.strip():
        raise ValueError(f"{path!r} is empty, or begins or ends with a blank")
    if "*" in path:
        raise ValueError(f"{path!r} has a *, which stands for nothing")
    if not all(path.split(".")):
        raise ValueError(f"{path!r} has nothing before, between or behind its dots")
    if path.startswith(("/", "$")):
        raise ValueError(f"{path!r} is no path: write the keys with dots between, as in user.name")
    return path


def _marks_in(metadata: object) -> Iterator[dict[str, Any]]:
    marks = metadata.get(SEARCH) if isinstance(metadata, dict) else None
    if isinstance(marks, list):
        yield from (mark for mark in marks[:MOST_MARKS] if isinstance(mark, dict))
