"""One place that settings come from."""

from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource


def read_value(path: Path) -> str:
    """The text in a file, without the white space around it. Raises ValueError with what to do."""
    try:
        value = path.read_text(encoding="utf-8-sig").strip()
    except OSError as error:
        raise ValueError(f"{path} cannot be read ({error.strerror}): correct the path or its rights") from None
    except UnicodeDecodeError:
        raise ValueError(f"{path} is not text in UTF-8: write it anew") from None
    if not value:
        raise ValueError(f"{path} is empty: write the value into it")
    return value


class Source(PydanticBaseSettingsSource):
    """What one place says: `values`, and for each the `origins` to name in a message, both by field.

    `files` has the path for each field whose value was read from a file, `problems` the faults of the place.
    """

    def __init__(self, settings_class: type[BaseSettings]) -> None:
        super().__init__(settings_class)
        self.values: dict[str, Any] = {}
        self.origins: dict[str, str] = {}
        self.files: dict[str, Path] = {}
        self.problems: list[str] = []

    def give(self, field: str, value: Any, origin: str) -> None:
        """Note the value of a field and where it is written."""
        self.values[field] = value
        self.origins[field] = origin

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:  # noqa: ARG002 (its base's)
        """The value, its key, and that it needs no decoding."""
        return self.values.get(field_name), field_name, False

    def __call__(self) -> dict[str, Any]:
        """The values of this place, for pydantic-settings to merge."""
        return self.values
