"""The names of settings as people write them, and what was probably meant by another one."""

from collections.abc import Sequence
from difflib import get_close_matches

from headrace.settings.fields import Settings

#: What the names of the environment variables begin with.
PREFIX = "HEADRACE_"

#: What follows the name of a variable that names a file with the value.
FILE_SUFFIX = "_FILE"


def variable(field: str) -> str:
    """The environment variable of a field."""
    return f"{PREFIX}{field.upper()}"


def unknown_field(name: str, place: str) -> str:
    """The problem of a key that is no setting."""
    close = get_close_matches(name, Settings.model_fields, n=1)
    return _unknown(name, place, close)


def unknown_variable(name: str, place: str) -> str:
    """The problem of a `HEADRACE_…` variable that is no setting."""
    suffix = FILE_SUFFIX if name.endswith(FILE_SUFFIX) else ""
    meant = name.removeprefix(PREFIX).removesuffix(suffix).lower()
    close = get_close_matches(meant, Settings.model_fields, n=1)
    return _unknown(name, place, [f"{variable(field)}{suffix}" for field in close])


def _unknown(name: str, place: str, close: Sequence[str]) -> str:
    return f"{name} in {place} is no setting: {f'did you mean {close[0]}?' if close else 'remove it'}"
