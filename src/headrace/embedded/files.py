"""Small files of the data directory: private JSON, the end of a log."""

import json
import os
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def write_private_json(path: Path, value: Mapping[str, object]) -> None:
    """Replace `path` at once by `value` as JSON, durable and readable by its owner alone."""
    draft = path.with_name(f"{path.name}.new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(value, file, indent=2)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def read_json(path: Path) -> dict[str, Any] | None:
    """The object in `path`, or None if there is no such file or it holds no JSON object."""
    try:
        value = json.loads(path.read_bytes())
    except (FileNotFoundError, ValueError):
        return None
    return value if isinstance(value, dict) else None


def last_lines(path: Path, count: int = 15) -> str:
    """The end of a log, indented for a message."""
    with path.open(encoding="utf-8", errors="replace") as file:
        return "".join(f"  {line.rstrip()}\n" for line in deque(file, maxlen=count))
