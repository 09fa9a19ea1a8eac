"""Reading the settings: every source in its order, every problem at once."""

import os
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from headrace.errors import ConfigurationError
from headrace.settings.fields import Settings
from headrace.settings.kinds import expected
from headrace.settings.names import FILE_SUFFIX, variable
from headrace.settings.places import Arguments, ProjectFile, ProjectName, RunningServices
from headrace.settings.source import Source
from headrace.settings.variables import Variables, read_dotenv


def load_settings(environ: Mapping[str, str] | None = None, folder: Path | None = None, **overrides: Any) -> Settings:
    """The settings, by priority: `overrides` (None is not given), `environ` (else that of the process), and from
    `folder` (else the current one) `.env`, `pyproject.toml` and the services of a running `headrace dev`.

    Raises ConfigurationError with every problem; none of them quotes a value.
    """
    folder = Path.cwd() if folder is None else folder
    environ = os.environ if environ is None else environ
    problems: list[str] = []
    try:
        dotenv = read_dotenv(folder / ".env")
    except ValueError as error:
        dotenv = {}
        problems.append(str(error))
    sources = (
        Arguments(overrides),
        Variables(environ, "the environment", folder),
        Variables(dotenv, ".env", folder),
        ProjectFile(folder / "pyproject.toml"),
        ProjectName(environ, dotenv),
        RunningServices(folder),
    )
    for source in sources:
        problems += source.problems
    return _check(sources, problems)


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """The settings of this process, read once. Raises ConfigurationError with every problem."""
    return load_settings()


def get_redis_url() -> str:
    """The URL of this process's Redis. Raises ConfigurationError if any setting is wrong."""
    return get_settings().redis_url


def child_environment(overrides: Mapping[str, object], environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """A child's environment: `environ` (else that of this process) with some settings, by field.

    The `…_FILE` of a setting given here is left out, because a setting must not be given twice.
    """
    given = {variable(field): str(value) for field, value in overrides.items()}
    hidden = {f"{name}{FILE_SUFFIX}" for name in given}
    inherited = os.environ if environ is None else environ
    return {name: value for name, value in inherited.items() if name not in hidden} | given


def _check(sources: Sequence[Source], problems: Sequence[str]) -> Settings:
    try:
        settings = Settings(*sources)
    except ValidationError as error:
        raise ConfigurationError([*problems, *_explain(error, sources)]) from None
    if problems:
        raise ConfigurationError(problems)
    return settings


def _explain(error: ValidationError, sources: Sequence[Source]) -> list[str]:
    problems = []
    for fault in error.errors(include_url=False, include_input=False):
        if fault["type"] == "default_factory_not_called":
            continue  # it follows from another fault
        field = str(fault["loc"][0])
        origins = (source.origins[field] for source in sources if field in source.origins)
        told = str(fault["ctx"]["error"]) if fault["type"] == "value_error" else None
        remedy = told or f"give {expected(Settings.model_fields[field])}"
        problems.append(f"{next(origins, f'{variable(field)} by default')}: {remedy}")
    return problems
