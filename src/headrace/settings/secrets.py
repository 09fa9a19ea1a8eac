"""Secrets of users' nodes: read where settings are read, and masked from then on."""

import os
from collections.abc import Mapping
from pathlib import Path

from headrace.errors import ConfigurationError
from headrace.settings.masking import SHORTEST_SECRET, remember_secret
from headrace.settings.names import FILE_SUFFIX
from headrace.settings.source import read_value
from headrace.settings.variables import read_dotenv


def read_secret(name: str, environ: Mapping[str, str] | None = None, folder: Path | None = None) -> str | None:
    """The value of the variable `name`, or of the file that `<name>_FILE` names; None where neither is given.

    They are looked for in `environ` (else that of the process), then in `.env` in `folder` (else the current one).
    The value is masked in this process from now on. Raises ConfigurationError where a file cannot be read, or
    both are given.
    """
    folder = Path.cwd() if folder is None else folder
    environ = os.environ if environ is None else environ
    try:
        value = _given(name, environ, "the environment", folder)
        if value is None:
            value = _given(name, read_dotenv(folder / ".env"), ".env", folder)
    except ValueError as error:
        raise ConfigurationError([str(error)]) from None
    if value is not None:
        remember_secret(value)
    return value


def secret_problem(name: str, environ: Mapping[str, str] | None = None, folder: Path | None = None) -> str | None:
    """What is wrong with a secret and what to do, to be told at start; None says that it can be used."""
    try:
        value = read_secret(name, environ, folder)
    except ConfigurationError as error:
        return str(error)
    if value is None:
        return f"the secret {name} is missing: set {name}, or {name}{FILE_SUFFIX} to the path of a file that holds it"
    if len(value.strip()) < SHORTEST_SECRET:
        return f"the secret {name} cannot be masked: give one of {SHORTEST_SECRET} or more characters"
    return None


def _given(name: str, variables: Mapping[str, str], place: str, folder: Path) -> str | None:
    """What one place says; an empty variable is not given. Raises ValueError with what to do."""
    value, file = variables.get(name, ""), variables.get(f"{name}{FILE_SUFFIX}", "")
    if not file.strip():
        return value if value.strip() else None
    origin = f"{name}{FILE_SUFFIX} in {place}"
    if value.strip():
        raise ValueError(f"{origin}: {name} is given too, remove one of them")
    try:
        return read_value(folder / file)
    except ValueError as error:
        raise ValueError(f"{origin}: {error}") from None
