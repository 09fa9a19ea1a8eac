import subprocess
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

from bench.ports import free_port
from tests.support.wheel import ROOT, install_plain, run

PACKAGE = ROOT / "src/headrace"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def plain(elsewhere: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The environment of `elsewhere` as plain `headrace` makes it, without the embedded servers."""
    folder = tmp_path_factory.mktemp("plain")
    install_plain(elsewhere, folder)
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


def test_it_imports_and_helps_without_the_embedded_servers(plain: Path) -> None:
    python = plain / "bin/python"
    run(python, "-I", "-c", "import headrace, headrace.api, headrace.worker, headrace.embedded", folder=plain)
    assert "worker" in run(python, "-I", "-m", "headrace.cli", "--help", folder=plain)


def test_dev_says_what_to_install_where_the_embedded_servers_are_missing(plain: Path, tmp_path: Path) -> None:
    command: list[str | Path] = [plain / "bin/python", "-I", "-m", "headrace.cli", "dev", "--port", str(free_port())]
    done = subprocess.run(command, cwd=tmp_path, check=False, capture_output=True, text=True)
    assert done.returncode == 1
    assert "pip install 'headrace[embedded]'" in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []
