"""The owner's end of the keeper: start it, hear it, let it go."""

import json
import os
import select
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from headrace.embedded import keeper


@dataclass(frozen=True, slots=True)
class ServerOrder:
    """One server to keep: what runs, where its output goes, how it wants to be ended."""

    name: str
    command: Sequence[str]
    log: str
    stop_signal: int
    force_signal: int
    patience_seconds: float


class KeeperClient:
    """A running keeper. Its servers live until `stop` is called or this process ends in whatever way."""

    def __init__(self, servers: Sequence[ServerOrder], *, lock: int, log: Path) -> None:
        with log.open("ab") as errors:
            self._process = subprocess.Popen(
                # Isolated and without site-packages: nothing of the user's environment can slow or break it.
                [sys.executable, "-I", "-S", keeper.__file__],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                pass_fds=(lock,),
                # A Ctrl-C in the terminal must not reach the servers before their clients are done.
                start_new_session=True,
            )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._order, self._reports = self._process.stdin, self._process.stdout
        self._unread = b""
        self._exited: str | None = None
        #: The process id of each server that has started, by name.
        self.pids: dict[str, int] = {}
        order = {"owner_pid": os.getpid(), "lock": lock, "servers": [asdict(server) for server in servers]}
        with suppress(BrokenPipeError):
            self._order.write(json.dumps(order).encode() + b"\n")
            self._order.flush()

    def exited(self) -> str | None:
        """The name of the server that ended without being asked (or "keeper"), or None; never blocks."""
        while self._exited is None and select.select([self._reports], [], [], 0)[0]:
            self._hear(os.read(self._reports.fileno(), 4096))
        return self._exited

    def _hear(self, received: bytes) -> None:
        if not received:
            self._exited = "keeper"
        *lines, self._unread = (self._unread + received).split(b"\n")
        for line in lines:
            report = json.loads(line)
            if report["event"] == "started":
                self.pids[report["server"]] = report["pid"]
            elif self._exited is None:
                self._exited = report["server"]

    def stop(self) -> None:
        """End the servers and wait until they and the keeper are gone."""
        with suppress(BrokenPipeError):
            self._order.close()
        self._process.wait()
        self._reports.close()
