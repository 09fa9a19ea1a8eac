from collections.abc import Iterable, Sequence
from typing import cast

import orjson
import pytest

from bench.load.bodies import Body, make_bodies
from bench.load.http import Answer
from bench.load.loops import Sent
from bench.rows.checks import check_answers, check_results
from bench.systems.system import Processes, StoredResult
from bench.trials import Void

BODIES = make_bodies(Body.SMALL, 50)
IDS = [str(number) for number in range(50)]


class Stored:
    stores_results = True

    def __init__(self, wrong: dict[int, StoredResult] | None = None) -> None:
        self.wrong = wrong or {}

    async def read_back(self, ids: Iterable[str]) -> Sequence[StoredResult]:
        return [self.wrong.get(int(one), self.right(int(one))) for one in ids]

    def right(self, number: int) -> StoredResult:
        return StoredResult(number, number + 1, orjson.loads(BODIES[number]))


async def check(stored: Stored) -> None:
    await check_results(cast(Processes, stored), IDS, BODIES, 50)


async def test_right_results_pass() -> None:
    await check(Stored())


@pytest.mark.parametrize("wrong", [StoredResult(8, 8), StoredResult(7, 8, {"type": "another"})])
async def test_a_wrong_result_makes_the_figure_void(wrong: StoredResult) -> None:
    with pytest.raises(Void, match="The event 7 gave"):
        await check(Stored({7: wrong}))


async def test_a_result_without_its_event_may_be_right() -> None:
    await check(Stored({7: StoredResult(7, 8)}))


def test_a_refused_request_makes_the_figure_void() -> None:
    sent = [Sent(0, 0.0, 1.0, Answer(202, b"")), Sent(1, 0.0, 1.0, Answer(503, b""))]
    with pytest.raises(Void, match="1 of 2 requests were not accepted"):
        check_answers(sent)
