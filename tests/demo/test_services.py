import asyncio

from hypothesis import given
from hypothesis import strategies as st

from headrace.demo.services import LONGEST_SECONDS, SHORTEST_SECONDS, Busy, BusyService, seconds_of_call

QUESTIONS = [str(number) for number in range(12)]


async def refused(service: BusyService) -> list[str]:
    """The questions that the service refuses, all asked at once."""
    answers = await asyncio.gather(*map(service.call, QUESTIONS), return_exceptions=True)
    return [question for question, answer in zip(QUESTIONS, answers, strict=True) if isinstance(answer, Busy)]


@given(st.text())
def test_a_call_takes_as_long_as_a_real_one(question: str) -> None:
    assert SHORTEST_SECONDS <= seconds_of_call(question) <= LONGEST_SECONDS


async def test_the_busy_service_refuses_some_questions_and_each_of_them_once() -> None:
    service = BusyService()
    assert 0 < len(await refused(service)) < len(QUESTIONS)
    assert await refused(service) == []


async def test_what_one_service_refused_another_refuses_too() -> None:
    assert await refused(BusyService()) == await refused(BusyService())
