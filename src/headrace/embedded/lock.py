"""One owner for a data directory: a file lock that the owner and its keeper hold together."""

import fcntl
import os
import time
from pathlib import Path

from headrace.embedded.errors import DataDirectoryInUse
from headrace.embedded.processes import is_alive

#: How long a start waits for the servers of an owner that is gone to finish their shutdown.
ORPHAN_WAIT_SECONDS = 15.0

#: How often a waiting start tries again.
RETRY_SECONDS = 0.05


def acquire_lock(data_dir: Path) -> int:
    """Lock `data_dir` and write this process's id into the lock file.

    Returns the descriptor that holds the lock: it is free when every process that inherited the descriptor
    closed it, or when one of them unlocked it. Raises DataDirectoryInUse at once if a live process owns the
    directory, and after ORPHAN_WAIT_SECONDS if the servers of a dead one do not end.
    """
    descriptor = os.open(data_dir / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _wait_for_lock(descriptor, data_dir)
    except BaseException:
        os.close(descriptor)
        raise
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, str(os.getpid()).encode(), 0)
    return descriptor


def _wait_for_lock(descriptor: int, data_dir: Path) -> None:
    deadline = time.monotonic() + ORPHAN_WAIT_SECONDS
    while not _try_lock(descriptor):
        owner = _owner(descriptor)
        if owner is not None and is_alive(owner):
            raise DataDirectoryInUse(
                f"The data directory {data_dir} is in use by process {owner}. Stop that process first "
                f"(Ctrl-C where it runs, or: kill {owner}), or choose another data directory."
            )
        if time.monotonic() > deadline:
            raise DataDirectoryInUse(
                f"The data directory {data_dir} is still locked, though its owner is gone: its servers have "
                f"not ended in {ORPHAN_WAIT_SECONDS:.0f} s. Find their processes (ps ax | grep -e postgres "
                "-e valkey), end them, and start again."
            )
        time.sleep(RETRY_SECONDS)


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _owner(descriptor: int) -> int | None:
    """The owner's process id; None between two owners, when the file is empty."""
    content = os.pread(descriptor, 32, 0)
    return int(content) if content.isdigit() else None
