"""The folder of one run: emptied at the start, so that every figure is of this run, and kept at the end."""

import os
import shutil
from pathlib import Path

from headrace.embedded.lock import acquire_lock
from headrace.errors import ConfigurationError

#: The file by which a folder says that a demo made it and may empty it.
MARK = "made-by-headrace-demo"


def empty_folder(folder: Path) -> None:
    """Make the folder, or empty the one that an earlier demo made.

    Raises ConfigurationError where it holds anything else, and DataDirectoryInUse while a demo runs in it.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    names = {path.name for path in folder.iterdir()}
    if names and MARK not in names:
        raise ConfigurationError(
            [f"The folder {folder} holds what no demo made, and it would be emptied: name another with --data-dir."]
        )
    (folder / MARK).touch()
    lock = acquire_lock(folder)
    try:
        for path in folder.iterdir():
            if path.is_dir():
                shutil.rmtree(path)
            elif path.name not in (MARK, "lock"):
                path.unlink()
    finally:
        os.close(lock)
