"""Owns embedded servers: prints them as one JSON line, then lives until its stdin is closed."""

import json
import multiprocessing
import sys
import threading
from dataclasses import asdict
from pathlib import Path

from headrace.embedded import EmbeddedServers


def main(data_dir: str, *options: str) -> None:
    servers = EmbeddedServers(Path(data_dir))
    services = servers.start()
    if "forks" in options:
        # The child inherits every descriptor of the owner, and outlives it.
        multiprocessing.get_context("fork").Process(target=threading.Event().wait).start()
    children = [child.pid for child in multiprocessing.active_children()]
    sys.stdout.write(json.dumps({**asdict(services), "children": children}) + "\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
