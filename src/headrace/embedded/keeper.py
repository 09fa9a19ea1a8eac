"""The program that keeps the servers: it starts them as its children and ends them when its owner is gone.

It is run by its path, outside the package and with the standard library alone, so that it is small and
starts at once. The owner writes one JSON line, the order, to its stdin, and keeps that pipe open:

    {"owner_pid": 1, "lock": 3, "servers": [{"name": "", "command": [""], "log": "",
     "stop_signal": 2, "force_signal": 3, "patience_seconds": 10.0}]}

The keeper writes JSON lines to its stdout: {"event": "started", "server": "", "pid": 1}, and, when a server
ends without being asked, {"event": "exited", "server": "", "code": 1}; then it ends the others and exits
with 1.
"""

import ctypes
import fcntl
import json
import os
import select
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

#: Linux's prctl option that names the signal which a process gets when its parent dies.
PR_SET_PDEATHSIG = 1

#: How often the keeper looks whether its parent is still the owner.
OWNER_CHECK_SECONDS = 1.0

#: The signals that end the keeper, and the servers with it.
END_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class Server(NamedTuple):
    """A running server and how it wants to be ended."""

    name: str
    process: subprocess.Popen[bytes]
    stop_signal: int
    force_signal: int
    patience_seconds: float


def main() -> int:
    """Keep the servers until the owner is gone or one of them ends; returns the exit status."""
    signals = listen_to_signals()
    order = json.loads(sys.stdin.buffer.readline())
    servers: list[Server] = []
    try:
        for wanted in order["servers"]:
            server = launch(**wanted, lock=order["lock"])
            servers.append(server)
        fallen = watch(servers, order["owner_pid"], signals)
    finally:
        # An empty lock file tells the next start to wait.
        os.ftruncate(order["lock"], 0)
        stop(servers)
        # Said for all holders: a child forked from the owner may have inherited the lock.
        fcntl.flock(order["lock"], fcntl.LOCK_UN)
    return 1 if fallen else 0


def listen_to_signals() -> int:
    """A descriptor from which the number of each signal can be read as one byte."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer)
    for number in (signal.SIGCHLD, *END_SIGNALS):
        signal.signal(number, lambda *_: None)
    return reader


def launch(
    name: str,
    command: list[str],
    log: str,
    stop_signal: int,
    force_signal: int,
    patience_seconds: float,
    lock: int,
) -> Server:
    """Start one server, its output appended to `log`; it holds the lock too, should it outlive the keeper."""
    with Path(log).open("ab") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=(lock,),
            preexec_fn=follow_parent_into_death,  # noqa: PLW1509 - this program has one thread
        )
    report(event="started", server=name, pid=process.pid)
    return Server(name, process, stop_signal, force_signal, patience_seconds)


def follow_parent_into_death() -> None:
    """On Linux the kernel ends the servers even if the keeper itself is killed."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGINT)


def watch(servers: list[Server], owner_pid: int, signals: int) -> bool:
    """Block until the servers have to end; returns whether one of them ended by itself."""
    owner = sys.stdin.fileno()
    while True:
        readable, _, _ = select.select([owner, signals], [], [], OWNER_CHECK_SECONDS)
        fallen = [server for server in servers if server.process.poll() is not None]
        for server in fallen:
            report(event="exited", server=server.name, code=server.process.returncode)
        if fallen:
            return True
        # The pipe alone is not enough: a child forked from the owner may have inherited its other end.
        if owner in readable or os.getppid() != owner_pid:
            return False
        if signals in readable and not set(END_SIGNALS).isdisjoint(os.read(signals, 64)):
            return False


def stop(servers: list[Server]) -> None:
    """Ask all servers to end, then wait for each, with force after its patience."""
    for server in servers:
        server.process.send_signal(server.stop_signal)
    for server in servers:
        try:
            server.process.wait(server.patience_seconds)
        except subprocess.TimeoutExpired:
            server.process.send_signal(server.force_signal)
            server.process.wait()


def report(**event: Any) -> None:
    """Write one line to the owner, who may be gone."""
    with suppress(BrokenPipeError):
        os.write(sys.stdout.fileno(), json.dumps(event).encode() + b"\n")


if __name__ == "__main__":
    sys.exit(main())
