"""The places that settings come from; the environment and `.env` are in `headrace.settings.variables`."""

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil

from headrace.settings.fields import Settings
from headrace.settings.names import unknown_field
from headrace.settings.source import Source

#: The file in the data directory in which a running `headrace dev` announces its services.
SERVICES_FILE = "services.json"

#: What a process id can be at most: the file is not to be trusted with the range of a C integer.
LARGEST_PID = (1 << 31) - 1

#: What is taken from there.
_SERVICE_FIELDS = ("database_url", "migrate_database_url", "redis_url", "api_url")


class Arguments(Source):
    """What the caller gives, which is what was typed on a command line; None stands for not given."""

    def __init__(self, given: Mapping[str, Any]) -> None:
        super().__init__(Settings)
        for field, value in given.items():
            if field not in Settings.model_fields:
                raise TypeError(f"there is no setting {field}")
            if value is not None:
                self.give(field, value, f"{field} as given to the command")


class ProjectFile(Source):
    """The table `[tool.headrace]` of a `pyproject.toml`."""

    def __init__(self, path: Path) -> None:
        super().__init__(Settings)
        for field, value in self._table(path).items():
            if field in Settings.model_fields:
                self.give(field, value, f"{field} in [tool.headrace] of {path.name}")
            else:
                self.problems.append(unknown_field(field, f"[tool.headrace] of {path.name}"))

    def _table(self, path: Path) -> Mapping[str, Any]:
        try:
            table = tomllib.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
        except OSError as error:
            self.problems.append(f"{path.name} cannot be read ({error.strerror}): correct its permissions")
            return {}
        except ValueError as error:
            self.problems.append(f"{path.name} is not valid TOML: correct it ({error})")
            return {}
        for key in ("tool", "headrace"):
            table = table.get(key, {})
            if not isinstance(table, dict):
                self.problems.append(f"{path.name}: make [tool.headrace] a table")
                return {}
        return table


class ProjectName(Source):
    """The rule that the variable `PROJECT_NAME` names the host of the Redis."""

    def __init__(self, *variables: Mapping[str, str]) -> None:
        super().__init__(Settings)
        name = next((found["PROJECT_NAME"] for found in variables if found.get("PROJECT_NAME")), None)
        if name:
            self.give("redis_url", f"redis://{name}_redis:6379/0", "PROJECT_NAME")


class RunningServices(Source):
    """The services of a `headrace dev` that runs now, which it announces in its data directory."""

    def __init__(self, folder: Path) -> None:
        super().__init__(Settings)
        self._folder = folder

    def __call__(self) -> dict[str, Any]:
        """The URLs; the owner's one only beside the database it belongs to."""
        data_dir = self.current_state.get("data_dir", Settings.model_fields["data_dir"].default)
        path = self._folder / str(data_dir) / SERVICES_FILE
        services = _read_services(path)
        for field in _SERVICE_FIELDS:
            if field == "migrate_database_url" and "database_url" in self.current_state:
                continue
            if field in services:
                self.give(field, services[field], f"{field} in {path}")
        return self.values


def _read_services(path: Path) -> Mapping[str, Any]:
    """The announced services, or nothing if there are none or their process is gone."""
    try:
        services = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    if not isinstance(services, dict) or not isinstance(pid := services.get("pid"), int):
        return {}
    return services if 0 < pid <= LARGEST_PID and psutil.pid_exists(pid) else {}
