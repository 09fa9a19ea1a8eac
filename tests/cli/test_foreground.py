"""`headrace run`: one event before its user's eyes."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from headrace.settings import child_environment
from tests.cli.support import frames, headrace, printed

pytestmark = pytest.mark.slow

PROGRAM = """
import threading
from typing import Annotated

from headrace import EventSchema, Pipeline, Secret, TaskContext


class Ordered(EventSchema, type="ordered", match="amount"):
    amount: int


class Waited(EventSchema, type="waited"):
    amount: int = 1


orders = Pipeline("orders", Ordered)
waiting = Pipeline("waiting", Waited)


@orders.node
def reserve(event: Ordered) -> int:
    print("reserving")
    return event.amount


pause = orders.sleep(hours=5)


@orders.node(after=pause, timeout_seconds=0.01)
def charge(reserve: int, context: TaskContext) -> str:
    if reserve < 0:
        raise ConnectionError("the bank is closed")
    context.note("asked", bank=3)
    context.emit({"type": "charged", "amount": reserve})
    return threading.current_thread().name


@orders.node
async def ship(charge: str, key: Annotated[str, Secret("SHIP_KEY")]) -> int:
    return len(key)


@orders.finally_
def close() -> str:
    return "closed"


@waiting.node
def first(event: Waited) -> int:
    return 1


waiting.wait_for("ordered", key="amount", name="order")
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project whose secret is in its `.env`."""
    (tmp_path / "app.py").write_text(PROGRAM)
    (tmp_path / ".env").write_text("HEADRACE_APP=app\nSHIP_KEY=sesame-open\n")
    (tmp_path / "event.json").write_text('{"type": "ordered", "amount": 3}')
    (tmp_path / "bad.json").write_text('{"type": "ordered", "amount": -3}')
    return tmp_path


def run(folder: Path, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    """Run the command with something on its standard input."""
    command = [sys.executable, "-m", "headrace.cli", "run", *arguments]
    environment = child_environment({})
    return subprocess.run(
        command, cwd=folder, env=environment, input=given, check=False, capture_output=True, text=True, timeout=60
    )


def test_the_outputs_of_a_file_s_event_are_printed_as_they_come(folder: Path) -> None:
    done = headrace("run", "event.json", folder=folder)
    assert done.returncode == 0, done.stderr
    lines = [line.split() for line in done.stdout.splitlines()]
    assert lines[0] == ["orders@1", "on", "ordered"]
    assert lines[1] == ["reserving"]
    assert [(line[0], line[-1]) for line in lines[2:7]] == [
        ("reserve", "3"),
        ("sleep", "null"),
        ("charge", '"MainThread"'),
        ("ship", "11"),
        ("close", '"closed"'),
    ]
    assert [line[2] for line in lines[2:7]] == ["ms"] * 5
    assert done.stdout.endswith('emitted, and not stored: {"type": "charged", "amount": 3}\nsucceeded\n')
    assert 'note of charge: {"message":"asked","bank":3}' in done.stderr


def test_a_failure_is_told_at_once_with_the_user_s_own_frames(folder: Path) -> None:
    done = headrace("run", "bad.json", folder=folder)
    assert done.returncode == 1
    assert frames(done.stderr) == [str(folder / "app.py")]
    assert done.stderr.endswith("ConnectionError: the bank is closed\n")
    assert "  close " in done.stdout
    assert done.stdout.endswith("failed: charge\n")


def test_json_is_all_that_is_printed_for_programs(folder: Path) -> None:
    answer = printed("run", "event.json", folder=folder)
    assert (answer["state"], answer["task_context"]["nodes"]["ship"]) == ("succeeded", 11)
    assert answer["emitted"] == [{"type": "charged", "amount": 3}]
    failed = headrace("run", "bad.json", "--json", folder=folder)
    assert (failed.returncode, json.loads(failed.stdout)["error"]["message"]) == (1, "the bank is closed")


def test_one_node_is_run_with_what_it_needs(folder: Path) -> None:
    done = run(folder, "-", "--node", "reserve", given='{"type": "ordered", "amount": 4}')
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["orders@1", "reserving", "reserve", "succeeded"]
    done = headrace("run", "event.json", "--node", "charge", folder=folder)
    assert [line.split()[0] for line in done.stdout.splitlines()[2:5]] == ["reserve", "sleep", "charge"]
    assert "ship" not in done.stdout


def test_an_event_that_is_waited_for_does_not_come(folder: Path) -> None:
    done = run(folder, "-", given='{"type": "waited"}')
    assert done.returncode == 0
    assert done.stdout.endswith("waiting for what does not come here: order\n")


@pytest.mark.parametrize("kind", ["def", "async def"])
def test_a_breakpoint_stops_in_a_node(kind: str, folder: Path) -> None:
    stopping = PROGRAM.replace('    print("reserving")\n', "    breakpoint()\n")
    (folder / "app.py").write_text(stopping.replace("def reserve", f"{kind} reserve"))
    done = run(folder, "event.json", given="p event.amount * 100\ncontinue\n")
    assert done.returncode == 0, done.stderr
    assert "(Pdb) 300" in done.stdout
    assert done.stdout.endswith("succeeded\n")


@pytest.mark.parametrize(
    ("event", "told"),
    [
        ('{"type": "other"}', "no pipeline is declared for the type 'other'; declared: 'ordered', 'waited'"),
        ('{"type": "ordered", "amount": "much"}', "  /amount: "),
        ("{", "JSON"),
        ("{}", "  /type: "),
    ],
)
def test_an_event_that_cannot_be_run_is_told_in_a_sentence(event: str, told: str, folder: Path) -> None:
    done = run(folder, "-", given=event)
    assert done.returncode == 1
    assert told in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("arguments", [["none.json"], ["event.json", "--node", "none"]], ids=" ".join)
def test_what_is_not_there_is_misuse(arguments: list[str], folder: Path) -> None:
    done = headrace("run", *arguments, folder=folder)
    assert done.returncode == 2
    assert "none" in done.stderr
    assert done.stdout == ""


def test_without_a_module_it_says_what_to_name(folder: Path) -> None:
    (folder / ".env").unlink()
    done = headrace("run", "event.json", folder=folder)
    assert done.returncode == 2
    assert "--app" in done.stderr


def test_ctrl_c_ends_an_async_node_that_waits(folder: Path) -> None:
    slow = PROGRAM.replace("def reserve", "async def reserve")
    slow = slow.replace('print("reserving")', 'print("reserving", flush=True); await asyncio.sleep(600)')
    (folder / "app.py").write_text(f"import asyncio\n{slow}")
    command = [sys.executable, "-m", "headrace.cli", "run", "event.json"]
    environment = child_environment({})
    with subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        while process.stdout.readline().strip() != "reserving":
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130
