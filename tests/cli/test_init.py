import subprocess
import sys
from pathlib import Path

import pytest

from headrace.settings import child_environment
from tests.cli.support import headrace

#: What `headrace init` writes.
FILES = {"app.py", "test_app.py", ".env", ".gitignore"}


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_the_first_project_passes_its_own_test(tmp_path: Path) -> None:
    done = headrace("init", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert names(tmp_path) == FILES
    assert "headrace dev" in done.stdout
    plain = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    tested = subprocess.run(plain, cwd=tmp_path, env=child_environment({}), check=False, capture_output=True, text=True)
    assert tested.returncode == 0, tested.stdout
    assert "2 passed" in tested.stdout


def test_git_ignores_the_env_file_and_the_data(tmp_path: Path) -> None:
    headrace("init", folder=tmp_path)
    assert {".env", ".headrace/"} <= set((tmp_path / ".gitignore").read_text().split())


def test_a_folder_is_made_and_named_in_what_to_type_next(tmp_path: Path) -> None:
    done = headrace("init", "new/project", folder=tmp_path)
    assert names(tmp_path / "new" / "project") == FILES
    assert "cd new/project && headrace dev" in done.stdout


@pytest.mark.parametrize("name", sorted(FILES))
def test_nothing_is_written_where_one_of_its_files_exists(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("mine")
    done = headrace("init", folder=tmp_path)
    assert done.returncode == 1
    assert name in done.stderr
    assert names(tmp_path) == {name}
    assert (tmp_path / name).read_text() == "mine"


def test_a_place_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = headrace("init", "file/below", folder=tmp_path)
    assert done.returncode == 1
    assert "cannot be written" in done.stderr
    assert "Traceback" not in done.stderr
