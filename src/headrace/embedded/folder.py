"""Whether data can be kept in a folder."""

import tempfile
from pathlib import Path


def folder_problem(data_dir: Path) -> str | None:
    """What is wrong with a folder for data, with what to do; None if it is there or can be made, and be written to.

    Makes nothing that stays.
    """
    nearest = data_dir.absolute()
    try:
        while not nearest.exists():
            nearest = nearest.parent
        with tempfile.TemporaryFile(dir=nearest):
            return None
    except OSError as error:
        told = f"HEADRACE_DATA_DIR: nothing can be written in {data_dir.absolute()} ({error.strerror})"
        return f"{told}. Choose another folder with --data-dir, or run as the user who owns this one."
