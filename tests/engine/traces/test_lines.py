# ruff: noqa: T201 - what nodes print is the subject
import io
import json
import logging
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from contextvars import copy_context
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
import structlog

from headrace.engine.traces.call import Call, calling, current_call
from headrace.engine.traces.lines import LINE_CHARACTERS, MOST_LINES, Lines
from headrace.engine.traces.noting import KeepingHandler, note_line
from headrace.engine.traces.printing import UNENDED_CHARACTERS, capture_prints, finish_prints
from headrace.settings import remember_secret
from tests.engine.calls import new_call

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)

PROGRAM = """
import logging
import structlog
from types import SimpleNamespace
from headrace.engine.traces.call import calling
from headrace.engine.traces.lines import Lines
from headrace.engine.traces.noting import note_line
from headrace.engine.traces.printing import capture_prints
from headrace.settings.logs import configure_logging

configure_logging({level!r}, "json", note_line)
capture_prints()
print("outside")
call = SimpleNamespace(event_id="some-event", node="pay", lines=Lines(), unended="")
calling.set(call)
structlog.get_logger("shop").info("charged", amount=5)
structlog.get_logger("shop").debug("very small")
logging.getLogger("shop").info("sent to %s", "Ada")
logging.getLogger("shop").warning("slow")
logging.getLogger("httpx").info("noise")
print("bye", "now")
try:
    raise KeyError("price")
except KeyError:
    logging.getLogger("shop").exception("no luck")
calling.set(None)
logging.getLogger("shop").warning("nobody's")
print(call.lines.to_json().decode())
"""


def kept(lines: Lines) -> list[tuple[str, str]]:
    """Level and text of each line."""
    encoded = lines.to_json()
    return [] if encoded is None else [(line["level"], line["text"]) for line in orjson.loads(encoded)["lines"]]


def logged(folder: Path, level: str) -> tuple[list[tuple[str, str]], list[dict[str, Any]]]:
    """What the program keeps, and what it logs."""
    command = [sys.executable, "-c", PROGRAM.format(level=level)]
    finished = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    outside, last = finished.stdout.splitlines()
    assert outside == "outside"
    seen = [json.loads(line) for line in finished.stderr.splitlines()]
    return [(line["level"], line["text"]) for line in json.loads(last)["lines"]], seen


@pytest.fixture
def call() -> Iterator[Call]:
    """A call that runs here."""
    made = new_call("pay")
    token = calling.set(made)
    yield made
    calling.reset(token)


@contextmanager
def captured() -> Iterator[io.StringIO]:
    """What goes through to standard output and standard error while prints are captured."""
    with redirect_stdout(io.StringIO()) as stream, redirect_stderr(stream):
        capture_prints()
        yield stream


def test_no_line_is_no_json() -> None:
    assert Lines().to_json() is None


def test_a_line_is_kept_with_its_moment_node_and_level() -> None:
    lines = Lines()
    lines.add("info", "charged", "pay[3]", NOON)
    assert orjson.loads(lines.to_json() or b"") == {
        "lines": [{"at": "2026-06-01T12:00:00+00:00", "node": "pay[3]", "level": "info", "text": "charged"}],
        "dropped": 0,
    }


def test_the_newest_lines_are_kept_and_the_others_counted() -> None:
    lines = Lines()
    for number in range(MOST_LINES + 7):
        lines.add("info", str(number), "pay", NOON)
    assert [text for _, text in kept(lines)] == [str(number) for number in range(7, MOST_LINES + 7)]
    assert lines.dropped == 7


def test_a_line_is_cut_and_has_no_character_that_postgres_refuses() -> None:
    lines = Lines()
    lines.add("info", "a\0b\ud800" + "c" * LINE_CHARACTERS, "pay", NOON)
    [(_, text)] = kept(lines)
    assert text.startswith("a\N{REPLACEMENT CHARACTER}b?c")
    assert len(text) == LINE_CHARACTERS


def test_a_line_shows_no_password() -> None:
    lines = Lines()
    lines.add("info", "lost redis://:hidden@h/0", "pay", NOON)
    assert kept(lines) == [("info", "lost redis://:***@h/0")]


def test_no_line_of_many_threads_is_lost() -> None:
    lines = Lines()

    def write() -> None:
        for _ in range(1_000):
            lines.add("info", "x", "pay", NOON)

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert lines.dropped == 4_000 - MOST_LINES


def test_a_call_is_current_in_a_copy_of_the_context(call: Call) -> None:
    seen: list[Call | None] = []
    here = copy_context()
    thread = threading.Thread(target=lambda: here.run(lambda: seen.append(current_call())))
    thread.start()
    thread.join()
    assert seen == [call]


def test_lines_of_both_loggers_and_prints_are_kept_and_logged_with_event_and_node(tmp_path: Path) -> None:
    lines, seen = logged(tmp_path, "info")
    assert lines == [
        ("info", "charged amount=5"),
        ("info", "sent to Ada"),
        ("warning", "slow"),
        ("info", "bye now"),
        ("error", "no luck\nKeyError: 'price'"),
    ]
    assert [line["message"] for line in seen] == ["charged", "sent to Ada", "slow", "bye now", "no luck", "nobody's"]
    assert {(line.get("event_id"), line.get("node")) for line in seen[:-1]} == {("some-event", "pay")}
    assert "node" not in seen[-1]
    assert [line["logger"] for line in seen] == ["shop", "shop", "shop", "headrace.nodes", "shop", "shop"]


def test_lines_from_info_on_are_kept_where_only_warnings_are_seen(tmp_path: Path) -> None:
    lines, seen = logged(tmp_path, "warning")
    assert [text for _, text in lines][:4] == ["charged amount=5", "sent to Ada", "slow", "bye now"]
    assert [line["message"] for line in seen] == ["slow", "no luck", "nobody's"]


def test_lines_of_debug_are_kept_where_they_are_seen(tmp_path: Path) -> None:
    assert ("debug", "very small") in logged(tmp_path, "debug")[0]


def test_a_line_gets_event_and_node(call: Call) -> None:
    assert note_line(None, "info", {"event": "charged"}) == {
        "event": "charged",
        "event_id": call.event_id,
        "node": "pay",
    }


def test_prints_outside_of_nodes_go_through() -> None:
    with captured() as stream:
        print("hello")
        capture_prints()
        print("again")
    assert stream.getvalue() == "hello\nagain\n"


def test_prints_of_a_node_become_lines(call: Call) -> None:
    with captured():
        print("one", end="")
        print(", two")
        print()
        print("three\nfour", end="", flush=True)
        assert [text for _, text in kept(call.lines)] == ["one, two", "three"]
        finish_prints(call)
        finish_prints(call)
    assert [text for _, text in kept(call.lines)] == ["one, two", "three", "four"]


def test_what_a_node_writes_to_standard_error_becomes_lines(call: Call) -> None:
    with captured() as stream:
        print("late", file=sys.stderr)
    assert kept(call.lines) == [("info", "late")]
    assert stream.getvalue() == ""


def test_prints_outside_of_nodes_have_no_secrets() -> None:
    remember_secret("printed-anywhere")
    with captured() as stream:
        print("printed-anywhere", "here")
    assert stream.getvalue() == "*** here\n"


def test_a_line_printed_in_pieces_is_bounded(call: Call) -> None:
    with captured():
        for _ in range(100):
            print("x" * 1_000, end="")
    assert len(call.unended) == UNENDED_CHARACTERS


def test_a_print_is_logged_with_event_and_node(call: Call, caplog: pytest.LogCaptureFixture) -> None:
    with captured(), caplog.at_level("INFO"):
        print("once")
    assert kept(call.lines) == [("info", "once")]
    [line] = caplog.records
    assert (line.getMessage(), vars(line)["event_id"], vars(line)["node"]) == ("once", call.event_id, "pay")


def test_a_logger_that_prints_is_captured_too(call: Call) -> None:
    with captured() as stream:
        structlog.wrap_logger(structlog.PrintLogger(sys.stdout)).info("struck")
    [(_, text)] = kept(call.lines)
    assert "struck" in text
    assert stream.getvalue() == ""


def test_a_handler_keeps_lines_where_logging_is_configured_by_others(call: Call) -> None:
    log = logging.Logger("shop")  # noqa: LOG001  # one that is gone after the test
    log.addHandler(KeepingHandler())
    log.warning("slow %s", "bank")
    assert kept(call.lines) == [("warning", "slow bank")]
