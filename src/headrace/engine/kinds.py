"""Types that are put together while the program runs."""

from typing import Any, Union


def union_of(*kinds: Any) -> Any:
    """One of these types."""
    return Union[kinds]  # noqa: UP007 - there may be one alone, or None


def optional(kind: Any) -> Any:
    """The type, or None."""
    return union_of(kind, None)


def list_of(kind: Any) -> Any:
    """A list of it."""
    return list[kind]
