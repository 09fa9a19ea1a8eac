# ruff: noqa: T201 - what nodes print is a part of it
import asyncio
import ctypes
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson
import psutil
import pytest
import uvloop

from headrace.engine.attempt.failures import asked_seconds, is_permanent, report_of
from headrace.engine.places.errors import ProcessDied, ProcessNodeError
from headrace.engine.places.processes import NodeProcesses
from headrace.engine.traces.call import Call
from headrace.errors import NodeTimeout, Permanent, RetryAfter
from tests.engine.calls import new_call
from tests.support.waiting import eventually, wait_until


@pytest.fixture
def call() -> Call:
    return new_call()


class OutOfPaper(Exception):
    pass


def identifier() -> int:
    return os.getpid()


async def later() -> list[int]:
    await asyncio.sleep(0)
    return [1, 2]


def big(megabytes: int) -> str:
    return "x" * megabytes * 1_000_000


def spin(path: str) -> None:
    Path(path).write_text(str(os.getpid()))
    while True:
        pass


def crash() -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def fork_and_crash(path: str) -> None:
    if os.fork() == 0:
        Path(path).write_text(str(os.getpid()))
        signal.pause()
    wait_until(lambda: Path(path).exists() and Path(path).read_text() != "", "the fork runs")
    crash()


def read_nothing() -> None:
    ctypes.string_at(0)


def leave(code: int) -> None:
    os._exit(code)


def leave_in_order() -> None:
    sys.exit("enough")


def fail(kind: str) -> None:
    errors: dict[str, Exception] = {
        "own": OutOfPaper("tray 2"),
        "permanent": Permanent("no such page"),
        "key": KeyError("page"),
        "later": RetryAfter(7.5),
    }
    raise errors[kind]


def unwritable() -> object:
    return object()


def talk_and_crash() -> None:
    print("last words")
    crash()


def texts(call: Call) -> list[tuple[str, str]]:
    return [(line["level"], line["text"]) for line in orjson.loads(call.lines.to_json() or b'{"lines":[]}')["lines"]]


async def failure(processes: NodeProcesses, call: Call, kind: str, *retry_on: type[Exception]) -> ProcessNodeError:
    with pytest.raises(ProcessNodeError) as raised:
        await processes.run(fail, {"kind": kind}, 60, call, retry_on=retry_on)
    return raised.value


async def test_an_endless_loop_ends_with_its_timeout_and_takes_its_process_along(
    processes: NodeProcesses, call: Call, tmp_path: Path
) -> None:
    noted = tmp_path / "pid"
    beside = asyncio.create_task(processes.run(later, {}, 60, call))
    with pytest.raises(NodeTimeout, match=r"ran longer than 0\.2 s"):
        await processes.run(spin, {"path": str(noted)}, 0.2, call)
    assert await beside == b"[1,2]"
    await eventually(lambda: not psutil.pid_exists(int(noted.read_text())), "the process is gone")
    assert await processes.run(later, {}, 60, call) == b"[1,2]"


async def test_a_cancelled_call_takes_its_process_along(processes: NodeProcesses, call: Call, tmp_path: Path) -> None:
    noted = tmp_path / "pid"
    running = asyncio.create_task(processes.run(spin, {"path": str(noted)}, None, call))
    await eventually(lambda: noted.exists() and noted.read_text() != "", "it runs")
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    await eventually(lambda: not psutil.pid_exists(int(noted.read_text())), "the process is gone")


@pytest.mark.parametrize("function", [crash, read_nothing])
async def test_a_process_that_crashes_is_a_failure_like_others(
    function: Any, processes: NodeProcesses, call: Call
) -> None:
    beside = asyncio.create_task(processes.run(big, {"megabytes": 1}, 60, call))
    with pytest.raises(ProcessDied, match="ended by SIGSEGV") as raised:
        await processes.run(function, {}, 60, call)
    assert report_of(raised.value).code == "process-died"
    assert not is_permanent(raised.value, ())
    assert len(await beside) == 1_000_002


async def test_the_end_of_a_process_is_seen_although_its_fork_lives_on(
    processes: NodeProcesses, call: Call, tmp_path: Path
) -> None:
    noted = tmp_path / "pid"
    with pytest.raises(ProcessDied, match="SIGSEGV"):
        await processes.run(fork_and_crash, {"path": str(noted)}, 30, call)
    os.kill(int(noted.read_text()), signal.SIGKILL)


async def test_a_process_that_leaves_is_a_failure_like_others(processes: NodeProcesses, call: Call) -> None:
    with pytest.raises(ProcessDied, match="exit code 3"):
        await processes.run(leave, {"code": 3}, 60, call)
    with pytest.raises(ProcessNodeError, match="SystemExit: enough") as raised:
        await processes.run(leave_in_order, {}, 60, call)
    assert is_permanent(raised.value, ())


async def test_a_process_that_was_killed_while_idle_is_replaced(processes: NodeProcesses, call: Call) -> None:
    first = int(await processes.run(identifier, {}, 60, call))
    os.kill(first, signal.SIGKILL)
    assert int(await processes.run(identifier, {}, 60, call)) != first


async def test_an_error_comes_back_with_its_type_message_and_frames(processes: NodeProcesses, call: Call) -> None:
    report = report_of(await failure(processes, call, "own"))
    assert (report.type, report.message, report.code) == (f"{__name__}.OutOfPaper", "tray 2", "node-failed")
    [frame] = report.frames
    assert frame.startswith(__file__)
    assert frame.endswith("in fail: raise errors[kind]")


async def test_an_error_says_whether_another_try_can_help(processes: NodeProcesses, call: Call) -> None:
    assert not is_permanent(await failure(processes, call, "own"), ())
    assert is_permanent(await failure(processes, call, "key"), ())
    assert not is_permanent(await failure(processes, call, "key", LookupError), ())
    refused = await failure(processes, call, "permanent", OutOfPaper)
    assert is_permanent(refused, ())
    assert report_of(refused).code == "permanent"


async def test_a_class_in_retry_on_that_cannot_be_imported_is_told(processes: NodeProcesses, call: Call) -> None:
    class Local(Exception):
        pass

    assert (await failure(processes, call, "own", Local)).type_name == "AttributeError"


async def test_a_node_may_ask_to_be_called_again_later(processes: NodeProcesses, call: Call) -> None:
    assert asked_seconds(await failure(processes, call, "later")) == 7.5
    assert asked_seconds(await failure(processes, call, "own")) is None


async def test_an_output_without_a_json_form_is_told_as_elsewhere(processes: NodeProcesses, call: Call) -> None:
    with pytest.raises(ProcessNodeError, match="node 'press' returned object, which has no JSON form") as raised:
        await processes.run(unwritable, {}, 60, call)
    assert report_of(raised.value).code == "output-not-json"
    assert is_permanent(raised.value, ())


async def test_lines_of_a_process_that_crashes_are_kept(processes: NodeProcesses, call: Call) -> None:
    with pytest.raises(ProcessDied):
        await processes.run(talk_and_crash, {}, 60, call)
    assert texts(call) == [("info", "last words")]


def test_they_work_on_uvloop(call: Call) -> None:
    async def main() -> bytes:
        processes = NodeProcesses(limit=1)
        try:
            with pytest.raises(ProcessDied, match="SIGSEGV"):
                await processes.run(crash, {}, 60, call)
            return await processes.run(later, {}, 60, call)
        finally:
            await processes.close()

    assert uvloop.run(main()) == b"[1,2]"


PROGRAM = """
import asyncio, os, sys
from headrace.domain.clock import utc_now
from headrace.engine import Attempt
from headrace.engine.traces.call import Call
from headrace.engine.attempt.means import drop_note
from headrace.engine.places.processes import NodeProcesses
from headrace.engine.traces.leaving import Traces

def square(number: int) -> int:
    return number * number

def spin(path: str) -> None:
    with open(path, "w") as file:
        file.write(str(os.getpid()))
    while True:
        pass

async def main() -> None:
    processes = NodeProcesses(limit=1)
    call = Call(Traces(Attempt(1), drop_note, utc_now), "node")
    print((await processes.run(square, {"number": 7}, 60, call)).decode(), flush=True)
    await processes.run(spin, {"path": sys.argv[1]}, None, call)

if __name__ == "__main__":
    asyncio.run(main())
"""


def test_a_killed_program_leaves_no_process_however_busy(tmp_path: Path) -> None:
    program, noted = tmp_path / "program.py", tmp_path / "pid"
    program.write_text(PROGRAM)
    with subprocess.Popen([sys.executable, program, noted], stdout=subprocess.PIPE, cwd=tmp_path) as running:
        wait_until(lambda: noted.exists() and noted.read_text() != "", "it runs")
        running.kill()
        assert running.stdout is not None
        assert running.stdout.read() == b"49\n"
    wait_until(lambda: not psutil.pid_exists(int(noted.read_text())), "its process is gone")
