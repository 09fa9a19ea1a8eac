import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.support import headrace

#: What takes a second to import, and no short command needs.
HEAVY = ("alembic", "celery", "fastapi", "kombu", "psycopg", "redis", "sqlalchemy", "starlette", "uvicorn")

PROGRAM = """
import sys
from headrace.cli import main

sys.argv = ["headrace", *{arguments!r}]
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
print("imported:", *sorted({{name.partition(".")[0] for name in sys.modules}}))
"""


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["--version"],
        ["dev", "--help"],
        ["events", "list", "--help"],
        ["events", "replay", "--help"],
        ["pause", "--help"],
        ["pipelines", "--help"],
    ],
    ids=" ".join,
)
def test_help_and_version_import_nothing_heavy(arguments: list[str], tmp_path: Path) -> None:
    program = PROGRAM.format(arguments=arguments)
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, check=True, capture_output=True, text=True)
    imported = done.stdout.rpartition("imported:")[2].split()
    assert "typer" in imported
    assert set(imported).isdisjoint(HEAVY)


def test_init_needs_nothing_heavy_either(tmp_path: Path) -> None:
    program = PROGRAM.format(arguments=["init", str(tmp_path / "project")])
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, check=True, capture_output=True, text=True)
    assert set(done.stdout.rpartition("imported:")[2].split()).isdisjoint(HEAVY)


@pytest.mark.parametrize(
    "arguments",
    [
        ["unknown"],
        ["send"],
        ["send", "ticket.opened", "subject"],
        ["send", "ticket.opened", "=1"],
        ["send", "ticket.opened", "a=1", "a=2"],
        ["send", "ticket.opened", "type=other"],
        ["send", "ticket.opened", "--idempotency-key", ""],
        ["send", "ticket.opened", "--idempotency-key", "a\tb"],
        ["events", "show", "1"],
        ["events", "retry-now", "01a20ab1-0140-7255-9087-0ef8d34e3fa5", "x"],
        ["events", "cancel"],
        ["events", "cancel", "--dry-run"],
        ["events", "cancel", "--all", "--state", "done"],
        ["events", "replay", "--all", "--since", "yesterday"],
        ["pause"],
        ["resume"],
        ["events", "list", "--limit", "many"],
        ["dev", "--workers", "0"],
        ["dev", "--port", "70000"],
        ["worker", "--processes", "0"],
        ["api", "--app", "app.py"],
    ],
    ids=" ".join,
)
def test_misuse_exits_2_with_a_sentence(arguments: list[str], tmp_path: Path) -> None:
    done = headrace(*arguments, folder=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert done.stderr.strip()


def test_every_problem_of_the_settings_is_told_at_once(tmp_path: Path) -> None:
    done = headrace("check", folder=tmp_path, api_port="none", redis_url="amqp://there", lease_seconds="1e9")
    assert done.returncode == 2
    assert "3 problems" in done.stderr
    for variable in ("HEADRACE_API_PORT", "HEADRACE_REDIS_URL", "HEADRACE_LEASE_SECONDS"):
        assert variable in done.stderr


@pytest.mark.parametrize("arguments", [["events", "list"], ["send", "a"]], ids=" ".join)
def test_without_an_api_a_sentence_says_how_to_start_one(arguments: list[str], tmp_path: Path) -> None:
    done = headrace(*arguments, folder=tmp_path, api_url="http://127.0.0.1:9")
    assert done.returncode == 1
    assert done.stderr == (
        "No API answers at http://127.0.0.1:9. Start one with `headrace dev`, or set HEADRACE_API_URL.\n"
    )
