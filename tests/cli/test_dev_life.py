"""How `headrace dev` begins and ends."""

import signal
from pathlib import Path

import pytest

from bench.ports import free_port
from tests.cli.conftest import StartDevelopment
from tests.cli.support import frames, headrace
from tests.support.processes import processes_in
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.services]

#: A program in whose type an event of any shape fits.
PROGRAM = """
from headrace import EventSchema, Pipeline


class Easy(EventSchema, type="easy"):
    pass


easy = Pipeline("easy", Easy)


@easy.node
def answer(event: Easy) -> str:
    return "done"
"""

#: A program whose event would be tried again in an hour.
HARD = """
from pathlib import Path

from headrace import EventSchema, Pipeline


class Hard(EventSchema, type="hard"):
    pass


hard = Pipeline("hard", Hard)


@hard.node(backoff=[3600.0])
def answer(event: Hard) -> str:
    if Path("tried").exists():
        return "done"
    Path("tried").touch()
    raise TimeoutError
"""


def test_ctrl_c_ends_everything_and_the_next_start_finds_the_data(
    start_development: StartDevelopment, tmp_path: Path
) -> None:
    (tmp_path / "app.py").write_text(PROGRAM)
    first = start_development()
    first.wait_until_ready()
    assert "app: easy" in first.log()
    assert "headrace send easy" in first.log()
    event_id = first.send("easy")
    first.wait_until_is(event_id, "succeeded")

    assert first.interrupt() == 0

    assert processes_in(tmp_path) == []
    assert not (tmp_path / ".headrace" / "services.json").exists()
    assert "Traceback" not in first.log()
    again = start_development(port=first.port)
    again.wait_until_ready()
    assert again.event(event_id)["task_context"]["nodes"]["answer"] == "done"

    again.program.terminate()

    assert again.program.exit_code() == 0
    assert processes_in(tmp_path) == []


def test_no_process_outlives_a_killed_one_and_nothing_is_lost(
    start_development: StartDevelopment, tmp_path: Path
) -> None:
    (tmp_path / "app.py").write_text(PROGRAM)
    killed = start_development()
    killed.wait_until_ready()
    event_id = killed.send("easy")

    killed.program.kill()

    killed.wait_until_gone()
    again = start_development(port=killed.port)
    again.wait_until_ready()
    again.wait_until_is(event_id, "succeeded")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_a_start_can_be_broken_off(number: int, start_development: StartDevelopment, tmp_path: Path) -> None:
    development = start_development()
    development.wait_until_says("starting PostgreSQL")
    development.program.signal(number)
    assert development.program.exit_code() == 0
    assert processes_in(tmp_path) == []
    assert "Traceback" not in development.log()


def test_a_second_ctrl_c_does_not_wait(start_development: StartDevelopment, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(PROGRAM.replace('return "done"', '__import__("time").sleep(3600)'))
    development = start_development()
    development.wait_until_ready()
    development.wait_until_is(development.send("easy"), "running")
    development.program.signal(signal.SIGINT)
    development.wait_until_says("ending; the data stay")
    development.program.signal(signal.SIGINT)
    assert development.program.exit_code() == 130
    development.wait_until_gone()


def test_a_program_that_is_broken_at_the_start_is_loaded_when_it_is_mended(
    start_development: StartDevelopment, tmp_path: Path
) -> None:
    (tmp_path / "app.py").write_text(f"{PROGRAM}\nanswer.missing\n")
    development = start_development()
    development.wait_until_says("app cannot be loaded yet; events are taken and wait for it")
    assert frames(development.log()) == [str(tmp_path / "app.py")]
    assert "AttributeError" in development.log()
    event_id = development.send("easy")
    development.wait_until_is(event_id, "waiting")

    (tmp_path / "app.py").write_text(PROGRAM)

    development.wait_until_says("app is loaded anew")
    development.wait_until_is(event_id, "succeeded")


def test_a_folder_without_a_program_is_told_how_to_begin_and_its_first_program_is_loaded(
    start_development: StartDevelopment, tmp_path: Path
) -> None:
    development = start_development()
    development.wait_until_ready()
    assert "none yet; `headrace init` writes a first one" in development.log()
    assert headrace("init", folder=tmp_path).returncode == 0
    development.wait_until_says("app is loaded anew")
    sent = headrace("send", "ticket.opened", "subject=Hello", "body=My invoice?", folder=tmp_path)
    event_id = sent.stdout.split()[0]
    event = development.wait_until_is(event_id, "succeeded")
    assert event["task_context"]["nodes"]["classify"] == "billing"


def test_no_retry_is_far_ahead_and_the_greeting_says_so(start_development: StartDevelopment, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(HARD)
    development = start_development()
    development.wait_until_ready()
    assert "  retries        after 5 s at most here\n" in development.log()

    event = development.wait_until_is(development.send("hard"), "succeeded")

    assert [attempt["outcome"] for attempt in event["attempts"]] == ["failed"]


def test_a_module_that_is_named_and_missing_is_told(start_development: StartDevelopment, tmp_path: Path) -> None:
    development = start_development("--app", "shop.events")
    development.wait_until_ready()
    assert f"no module 'shop.events' in {tmp_path}" in development.log()
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "events.py").write_text(PROGRAM)
    development.wait_until_says("shop.events is loaded anew")
    development.wait_until_is(development.send("easy"), "succeeded")


def test_servers_that_end_by_themselves_end_the_rest(start_development: StartDevelopment, tmp_path: Path) -> None:
    development = start_development()
    development.wait_until_ready()
    [valkey] = [process for process in processes_in(tmp_path) if process.name() == "valkey-server"]
    valkey.kill()
    assert development.program.exit_code(60.0) == 1
    assert "valkey ended by itself; see .headrace/logs" in development.log()
    wait_until(lambda: not processes_in(tmp_path), "no process remains")


def test_data_of_another_major_version_is_refused_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / ".headrace" / "postgres").mkdir(parents=True)
    (tmp_path / ".headrace" / "postgres" / "PG_VERSION").write_text("14\n")
    done = headrace("dev", "--port", str(free_port()), folder=tmp_path)
    assert done.returncode == 1
    assert "were written by PostgreSQL 14" in done.stderr
    assert "Traceback" not in done.stderr
