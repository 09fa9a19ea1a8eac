"""Types and names as people type them: what a request refuses, a command refuses as well."""

import re
from collections.abc import Iterable

import typer

from headrace.domain.event import TYPE_PATTERN
from headrace.domain.selection import MOST_NAME_CHARACTERS


def check_types(texts: Iterable[str] | None) -> list[str]:
    """Types of events. Raises BadParameter for what can be none."""
    types = list(texts or ())
    if not all(re.fullmatch(TYPE_PATTERN, text) for text in types):
        raise typer.BadParameter("a type has 1 to 200 characters: letters, digits, and any of . _ : / -")
    return types


def check_names(option: str, texts: Iterable[str] | None) -> list[str]:
    """What an option names. Raises BadParameter for what is empty or too long."""
    names = list(texts or ())
    if not all(0 < len(text) <= MOST_NAME_CHARACTERS for text in names):
        raise typer.BadParameter(f"{option} takes 1 to {MOST_NAME_CHARACTERS} characters")
    return names
