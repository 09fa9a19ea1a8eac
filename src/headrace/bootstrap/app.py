"""The user's program: found, imported, checked."""

import importlib
import pkgutil
import sys
from pathlib import Path
from types import ModuleType

from headrace.engine import PipelineRegistry
from headrace.errors import ConfigurationError
from headrace.settings import Settings, secret_problem


def load_app(settings: Settings, *, secrets: bool = False) -> list[ModuleType]:
    """Import the user's module, or every module of the user's package, and check all pipelines.

    `secrets` says whether the nodes' secrets have to be there, as where they run. Raises ConfigurationError with every
    mistake; an import that fails raises what the user's code raised.
    """
    if settings.app is None:
        return []
    folder = str(Path.cwd())
    if folder not in sys.path:
        sys.path.insert(0, folder)
    modules = [_import(settings.app, folder)]
    parts = pkgutil.walk_packages(getattr(modules[0], "__path__", ()), prefix=f"{settings.app}.")
    modules += [importlib.import_module(part.name) for part in parts]
    PipelineRegistry.check()
    if secrets and (problems := _missing_secrets()):
        raise ConfigurationError(problems)
    return modules


def _missing_secrets() -> list[str]:
    found = ((secret_problem(name), place) for name, place in PipelineRegistry.secrets().items())
    return [f"{problem}; needed by {place}" for problem, place in found if problem is not None]


def _import(app: str, folder: str) -> ModuleType:
    try:
        return importlib.import_module(app)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{app}.".startswith(f"{error.name}."):
            raise  # the module is there, and misses another one
    raise ConfigurationError(
        [f"HEADRACE_APP: there is no module {app!r} in {folder} or on the path. Correct the name."]
    )
