import asyncio
from pathlib import Path

import pytest
from pydantic import TypeAdapter

import headrace
from headrace.domain.outcome import ErrorReport
from headrace.engine import Pipeline
from headrace.engine.attempt.failures import MESSAGE_CHARACTERS, MOST_FRAMES, report_of
from headrace.errors import RetryAfter
from tests.engine.support import TicketOpened, Worker


class PaymentRefused(Exception):
    pass


class Unspeakable(Exception):
    def __str__(self) -> str:
        raise RuntimeError


def charge(secret: str) -> None:
    raise PaymentRefused("card expired")


def deep(levels: int) -> None:
    if levels == 0:
        raise ValueError
    deep(levels - 1)


def report(error: Exception) -> ErrorReport:
    with pytest.raises(type(error)) as raised:
        raise error
    return report_of(raised.value)


@pytest.mark.parametrize("is_async", [True, False])
async def test_the_frames_are_those_of_the_users_own_code(is_async: bool, tickets: Pipeline, worker: Worker) -> None:
    async def pay_later(event: TicketOpened) -> None:
        await asyncio.wait_for(later(), 60)

    def pay_now(event: TicketOpened) -> None:
        charge("a secret")

    async def later() -> None:
        charge("a secret")

    tickets.node(retries=0)(pay_later if is_async else pay_now)
    frames = (await worker.failed(tickets)).error.frames
    names = ["pay_later", "later", "charge"] if is_async else ["pay_now", "charge"]
    assert [frame.split(" in ")[1].split(":")[0] for frame in frames] == names
    line = charge.__code__.co_firstlineno + 1
    assert frames[-1] == f'{Path(__file__)}:{line} in charge: raise PaymentRefused("card expired")'
    assert "a secret" not in frames[-1]


def test_frames_of_libraries_are_left_out() -> None:
    try:
        TypeAdapter(int).validate_python("x")
    except ValueError as error:
        frames = report_of(error).frames
    assert [frame.rpartition(": ")[2] for frame in frames] == ['TypeAdapter(int).validate_python("x")']


def test_a_folder_beside_the_package_with_a_longer_name_is_the_users_own() -> None:
    file = f"{Path(headrace.__file__).parent}_friends/app.py"
    with pytest.raises(ZeroDivisionError) as raised:
        exec(compile("1 / 0", file, "exec"))  # noqa: S102 - a frame of a chosen file
    assert [frame.split(":")[0] for frame in report_of(raised.value).frames][-1] == file


def test_of_a_deep_traceback_the_innermost_frames_are_kept() -> None:
    try:
        deep(200)
    except ValueError as error:
        frames = report_of(error).frames
    assert len(frames) == MOST_FRAMES
    assert frames[-1].endswith("in deep: raise ValueError")


def test_the_type_is_named_with_its_module_unless_it_is_built_in() -> None:
    assert report(ValueError("x")).type == "ValueError"
    assert report(PaymentRefused("x")).type.endswith("test_failures.PaymentRefused")


def test_the_code_is_the_errors_own_or_says_that_a_node_failed() -> None:
    assert report(RetryAfter(5)).code == "retry-after"
    assert report(ValueError()).code == "node-failed"


def test_a_long_message_is_cut() -> None:
    assert len(report(ValueError("x" * 10_000)).message) == MESSAGE_CHARACTERS


def test_a_message_that_postgres_would_refuse_is_made_fit() -> None:
    assert report(ValueError("a\0b\ud800c")).message == "a\N{REPLACEMENT CHARACTER}b?c"


def test_an_error_that_cannot_say_what_it_is_does_no_harm() -> None:
    assert report(Unspeakable()).message == "an error whose message cannot be shown"
