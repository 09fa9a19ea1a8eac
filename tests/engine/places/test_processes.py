# ruff: noqa: T201 - what nodes print is a part of it
import asyncio
import json
import logging
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import ClassVar

import orjson
import pytest
import structlog

from headrace.engine.places.errors import ProcessNodeError
from headrace.engine.places.importable import process_problem
from headrace.engine.places.processes import NodeProcesses
from headrace.engine.traces.call import Call, current_call
from headrace.engine.traces.lines import MOST_LINES
from tests.engine.calls import new_call
from tests.engine.support import TicketOpened


@pytest.fixture
def call() -> Call:
    return new_call()


@dataclass(frozen=True)
class Page:
    number: int
    price: Decimal
    printed_at: datetime


def shout(event: TicketOpened, factor: int = 2) -> str:
    return event.subject.upper() * factor


def turn(page: Page) -> Page:
    return Page(page.number + 1, page.price * 2, page.printed_at)


def identifier() -> int:
    return os.getpid()


async def later() -> list[int]:
    await asyncio.sleep(0)
    return [1, 2]


def big(megabytes: int) -> str:
    return "x" * megabytes * 1_000_000


def talk() -> None:
    print("hello")
    print("no line break", end="")
    logging.getLogger("press").warning("low on %s", "ink")
    structlog.get_logger("press").info("page", number=3)
    os.write(1, b"past Python\n")


def flood(lines: int) -> None:
    for number in range(lines):
        print(number)


def whoami() -> list[str]:
    call = current_call()
    assert call is not None
    return [call.event_id, call.node, call.idempotency_key]


class Press:
    copies: ClassVar[int] = 3

    @staticmethod
    def copy(text: str) -> str:
        return text * Press.copies

    def process(self) -> None:
        pass


def texts(call: Call) -> list[tuple[str, str]]:
    return [(line["level"], line["text"]) for line in orjson.loads(call.lines.to_json() or b'{"lines":[]}')["lines"]]


async def test_a_function_gets_what_its_parameters_are_annotated_with(processes: NodeProcesses, call: Call) -> None:
    arguments = {"event": TicketOpened(subject="ink"), "factor": 3}
    assert await processes.run(shout, arguments, 60, call) == b'"INKINKINK"'
    page = Page(4, Decimal("1.10"), datetime(2026, 6, 1, tzinfo=UTC))
    turned = json.loads(await processes.run(turn, {"page": page}, 60, call))
    assert turned == {"number": 5, "price": "2.20", "printed_at": "2026-06-01T00:00:00Z"}


async def test_a_coroutine_function_and_one_of_a_class_are_called_too(processes: NodeProcesses, call: Call) -> None:
    assert await processes.run(later, {}, 60, call) == b"[1,2]"
    assert await processes.run(Press.copy, {"text": "ab"}, 60, call) == b'"ababab"'


async def test_a_process_is_warm_for_the_next_call(processes: NodeProcesses, call: Call) -> None:
    used = {await processes.run(identifier, {}, 60, call) for _ in range(5)}
    assert len(used) == 1
    assert used != {str(os.getpid()).encode()}


async def test_a_big_output_comes_whole(processes: NodeProcesses, call: Call) -> None:
    assert len(await processes.run(big, {"megabytes": 1}, 60, call)) == 1_000_002
    with pytest.raises(ProcessNodeError, match="'press' returned 2,000,000 bytes of JSON"):
        await processes.run(big, {"megabytes": 2}, 60, call)


async def test_the_current_call_is_known_there(processes: NodeProcesses, call: Call) -> None:
    assert json.loads(await processes.run(whoami, {}, 60, call)) == [call.event_id, "press", call.idempotency_key]


async def test_prints_and_log_lines_are_kept_and_logged_here(
    processes: NodeProcesses, call: Call, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO"):
        await processes.run(talk, {}, 60, call)
    expected = [("info", "hello"), ("warning", "low on ink"), ("info", "page number=3"), ("info", "no line break")]
    assert texts(call) == expected
    seen = [line for line in caplog.records if line.name == "headrace.nodes"]
    assert [(line.levelname.lower(), line.getMessage()) for line in seen] == expected
    assert {vars(line)["node"] for line in seen} == {"press"}


async def test_a_flood_of_lines_leaves_the_loop_to_others(processes: NodeProcesses, call: Call) -> None:
    running = asyncio.create_task(processes.run(flood, {"lines": 5_000}, 60, call))
    turns = 0
    while not running.done():
        turns += 1
        await asyncio.sleep(0)
    assert await running == b"null"
    assert turns >= 5_000
    assert call.lines.dropped == 5_000 - MOST_LINES


async def test_no_more_than_the_limit_run_at_once(processes: NodeProcesses, call: Call) -> None:
    used = await asyncio.gather(*(processes.run(identifier, {}, 60, call) for _ in range(8)))
    assert 1 <= len(set(used)) <= 2


async def test_closed_ones_take_no_call(call: Call) -> None:
    processes = NodeProcesses()
    await processes.close()
    with pytest.raises(RuntimeError, match="were closed"):
        await processes.run(later, {}, 60, call)


PROGRAM = """
import asyncio, os, sys
from types import SimpleNamespace
from headrace.engine.traces.lines import Lines
from headrace.engine.places.processes import NodeProcesses

def square(number: int) -> int:
    return number * number

def spin(path: str) -> None:
    with open(path, "w") as file:
        file.write(str(os.getpid()))
    while True:
        pass

async def main() -> None:
    processes = NodeProcesses(limit=1)
    call = SimpleNamespace(event_id="some-event", node="node", idempotency_key="some-key", lines=Lines())
    print((await processes.run(square, {"number": 7}, 60, call)).decode(), flush=True)
    await processes.run(spin, {"path": sys.argv[1]}, None, call)

if __name__ == "__main__":
    asyncio.run(main())
"""


def test_only_functions_that_can_be_imported_run_in_processes() -> None:
    def local() -> None:
        pass

    assert process_problem(shout) is None
    assert process_problem(Press.copy) is None
    assert process_problem(local) == "a function inside another one"
    assert process_problem(lambda: None) == "a lambda"
    assert process_problem(Press().process) == "a method"
    assert process_problem(Press) == "an object that is called"
