from pathlib import Path

import psutil
import pytest

from bench.processes import Program, cpu_seconds, environment_for, resident_bytes
from headrace.settings import child_environment


def test_a_program_ends_when_it_is_told_to(tmp_path: Path) -> None:
    program = Program("sleeper", ["-c", "import time; time.sleep(60)"], tmp_path, environment_for())
    [process] = program.processes()
    assert resident_bytes([process]) > 0
    assert cpu_seconds([process]) >= 0
    program.stop()
    assert not program.is_running
    assert program.processes() == []
    assert not psutil.pid_exists(process.pid)


def test_a_program_that_failed_says_why(tmp_path: Path) -> None:
    program = Program("broken", ["-c", "raise SystemExit('no such thing')"], tmp_path, environment_for())
    with pytest.raises(RuntimeError, match="broken ended with code 1: no such thing"):
        program.wait(30)
    with pytest.raises(RuntimeError, match="broken ended: no such thing"):
        program.must_run()


def test_a_program_that_does_not_end_is_not_waited_for(tmp_path: Path) -> None:
    program = Program("sleeper", ["-c", "import time; time.sleep(60)"], tmp_path, environment_for())
    try:
        with pytest.raises(TimeoutError, match="sleeper still runs"):
            program.wait(0.01)
    finally:
        program.stop()


def test_no_setting_of_the_user_reaches_a_program() -> None:
    environment = environment_for({"X": "y"})
    assert not [name for name in environment if name.startswith("HEADRACE_")]
    assert environment["X"] == "y"
    assert child_environment({}).keys() - environment.keys() == {
        name for name in child_environment({}) if name.startswith("HEADRACE_")
    }
