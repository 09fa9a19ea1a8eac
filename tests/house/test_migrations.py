"""Migrations take no lock that a running installation would feel, by squawk's rules."""

import subprocess
import sys
from pathlib import Path

MIGRATIONS = Path(__file__).parent.parent.parent / "src" / "headrace" / "store" / "migrations"

#: Counters stay small, and Alembic's connection brings the time limits: these rules have nothing to say here.
NOT_APPLICABLE = "prefer-bigint-over-int,prefer-bigint-over-smallint,require-lock-timeout,require-statement-timeout"


def test_squawk_finds_nothing_in_the_migrations() -> None:
    files = [str(path) for path in sorted(MIGRATIONS.glob("*.sql"))]
    squawk = Path(sys.executable).parent / "squawk"
    command = [str(squawk), "--assume-in-transaction", "--pg-version", "15.0", "--exclude", NOT_APPLICABLE, *files]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert len(files) == 4
    assert found.returncode == 0, found.stdout
