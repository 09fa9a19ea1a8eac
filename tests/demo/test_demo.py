"""The whole demo, as a newcomer runs it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import headrace
from headrace.settings import child_environment
from tests.support.processes import check_none_remains

#: The demo ends within this time, or something hangs.
PATIENCE_SECONDS = 120

#: The demo as it is, and one that expects another result of issues than its workers compute.
SOUND = "from headrace.cli import main; main()"
BROKEN = f"from headrace.demo import facts; facts.tone_of = lambda text: 'silent'; {SOUND}"


def run(program: str, folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """`headrace demo` in an empty folder, with settings around it that are not meant for it."""
    environ = child_environment({"queues": "others", "database_url_file": "missing", "api_port": "1"})
    environ["PYTHONPATH"] = os.pathsep.join([str(Path(headrace.__file__).parents[1]), *sys.path])
    return subprocess.run(
        [sys.executable, "-c", program, "demo", *options],
        cwd=folder,
        env=environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )


@pytest.mark.slow
@pytest.mark.services
def test_the_demo_runs_in_one_command_and_shows_what_it_says(tmp_path: Path) -> None:
    done = run(SOUND, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("✓") == 6
    assert "219 = 0 unfinished + 219 succeeded + 0 failed + 0 cancelled + 0 erased" in done.stdout
    assert done.stdout.count("1 lost, 2 succeeded") >= 10
    for part in ("SIGKILL", "task_context", "flowchart TD", "accepted/s", "finished/s", "MiB", "headrace init"):
        assert part in done.stdout
    assert "\x1b" not in done.stdout
    assert (tmp_path / ".headrace/demo/postgres").is_dir()
    check_none_remains(tmp_path)


@pytest.mark.slow
@pytest.mark.services
def test_the_demo_fails_where_a_result_is_another_than_expected(tmp_path: Path) -> None:
    done = run(BROKEN, tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    assert done.stdout.count("✗") == 1
    assert "✗ the result is what plain functions compute from the file" in done.stdout
    assert "github.issues" in done.stdout.partition("✗")[2]
    check_none_remains(tmp_path)


def test_the_demo_refuses_to_empty_a_folder_that_no_demo_made(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").touch()
    done = run(SOUND, tmp_path, "--data-dir", ".")
    assert done.returncode == 2
    assert "--data-dir" in done.stderr
    assert (tmp_path / "thesis.txt").exists()
