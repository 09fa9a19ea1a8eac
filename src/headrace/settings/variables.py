"""Settings out of `HEADRACE_…` variables: of the environment, and of a `.env` file."""

import io
import re
from collections.abc import Mapping
from pathlib import Path

from dotenv import dotenv_values

from headrace.settings.fields import Settings
from headrace.settings.names import FILE_SUFFIX, PREFIX, unknown_variable, variable
from headrace.settings.source import Source, read_value

#: What Kubernetes and container links set by themselves beside a service called `headrace` or `headrace-…`.
_LINK_NAME = re.compile(r"HEADRACE_(\w+_)?(SERVICE_(HOST|PORT)|PORT_\d+_(TCP|UDP|SCTP))(_\w+)?")
_LINK_VALUE = re.compile(r"(tcp|udp|sctp)://.*")


class Variables(Source):
    """`HEADRACE_X` gives the value of a setting, `HEADRACE_X_FILE` the path of a file that holds it.

    An empty variable is not given. Paths are relative to `folder`.
    """

    def __init__(self, variables: Mapping[str, str], place: str, folder: Path) -> None:
        super().__init__(Settings)
        self._place = place
        self._folder = folder
        ours = {name: value for name, value in variables.items() if name.startswith(PREFIX)}
        unread = {name: value for name, value in ours.items() if value.strip() and not _is_link(name, value)}
        for field in Settings.model_fields:
            name = variable(field)
            self._read(field, name, unread.pop(name, None), unread.pop(f"{name}{FILE_SUFFIX}", None))
        self.problems += [unknown_variable(name, place) for name in unread]

    def _read(self, field: str, name: str, value: str | None, file: str | None) -> None:
        if value is not None:
            self.give(field, value, f"{name} in {self._place}")
        if file is None:
            return
        origin = f"{name}{FILE_SUFFIX} in {self._place}"
        if value is not None:
            self.problems.append(f"{origin}: {name} is given too, remove one of them")
            return
        path = self._folder / file
        try:
            self.give(field, read_value(path), origin)
            self.files[field] = path
        except ValueError as error:
            self.problems.append(f"{origin}: {error}")


def _is_link(name: str, value: str) -> bool:
    return bool(_LINK_NAME.fullmatch(name) or (name.endswith("_PORT") and _LINK_VALUE.fullmatch(value)))


def read_dotenv(path: Path) -> Mapping[str, str]:
    """The variables of a `.env` file; none if there is no such file. Raises ValueError with what to do.

    Values are taken as they are written: `${…}` is not replaced.
    """
    if not path.is_file():
        return {}
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ValueError(f"{path.name} cannot be read ({error.strerror}): correct its permissions") from None
    except UnicodeDecodeError:
        raise ValueError(f"{path.name} is not text in UTF-8: write it anew") from None
    values = dotenv_values(stream=io.StringIO(text), interpolate=False)
    return {name: value for name, value in values.items() if value is not None}
