"""Group commit, without a database: what goes together, and who hears what."""

import asyncio
from collections.abc import Sequence

import pytest

from headrace.store.batches import BATCH_BYTES
from headrace.store.group import GroupCommit


class Ledger:
    """Writes a batch when it is let; answers each item with itself, times ten."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.may_end = asyncio.Event()

    async def write(self, items: Sequence[int]) -> list[int | BaseException]:
        self.batches.append(list(items))
        await self.may_end.wait()
        return [ValueError(str(item)) if item < 0 else item * 10 for item in items]


async def turn() -> None:
    """Let every task go as far as it can."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_a_lone_item_is_written_at_once() -> None:
    ledger = Ledger()
    group = GroupCommit(ledger.write, most=10)

    answer = group.submit(1)
    await turn()

    assert ledger.batches == [[1]]
    ledger.may_end.set()
    assert await answer == 10


async def test_what_comes_during_a_write_goes_together_into_the_next() -> None:
    ledger = Ledger()
    group = GroupCommit(ledger.write, most=10)
    answers = [group.submit(1)]
    await turn()
    answers += [group.submit(item) for item in (2, 3, 4)]
    await turn()
    assert ledger.batches == [[1]]

    ledger.may_end.set()

    assert await asyncio.gather(*answers) == [10, 20, 30, 40]
    assert ledger.batches == [[1], [2, 3, 4]]


async def test_large_items_go_in_batches_of_so_many_bytes_and_one_that_is_larger_alone() -> None:
    ledger = Ledger()
    group = GroupCommit(ledger.write, most=10, bytes_of=lambda item: item * BATCH_BYTES // 10)
    ledger.may_end.set()

    await asyncio.gather(*(group.submit(item) for item in (6, 4, 1, 11, 1, 2)))

    assert ledger.batches == [[6, 4], [1], [11], [1, 2]]


async def test_a_batch_has_a_size_and_flights_a_number() -> None:
    ledger = Ledger()
    group = GroupCommit(ledger.write, most=2, flights=2)

    answers = [group.submit(item) for item in range(6)]
    await turn()
    assert len(ledger.batches) == 2

    ledger.may_end.set()
    assert await asyncio.gather(*answers) == [0, 10, 20, 30, 40, 50]
    assert max(len(batch) for batch in ledger.batches) == 2


async def test_one_failed_item_fails_alone() -> None:
    ledger = Ledger()
    ledger.may_end.set()
    group = GroupCommit(ledger.write, most=10)

    answers = await asyncio.gather(group.submit(1), group.submit(-2), group.submit(3), return_exceptions=True)

    assert (answers[0], answers[2]) == (10, 30)
    assert isinstance(answers[1], ValueError)


async def test_a_write_that_fails_fails_its_batch_and_not_the_next() -> None:
    async def write(items: Sequence[int]) -> list[int | BaseException]:
        if 1 in items:
            raise ConnectionError("gone")
        return list(items)

    group = GroupCommit(write, most=1)
    first, second = group.submit(1), group.submit(2)

    with pytest.raises(ConnectionError):
        await first
    assert await second == 2


async def test_a_caller_that_gave_up_spoils_nothing() -> None:
    ledger = Ledger()
    group = GroupCommit(ledger.write, most=10)
    impatient, patient = group.submit(1), group.submit(2)
    await turn()
    impatient.cancel()

    ledger.may_end.set()

    assert await patient == 20
    await group.drained(10.0)


async def test_drained_waits_for_all_that_was_handed_over() -> None:
    ledger = Ledger()
    group = GroupCommit(ledger.write, most=1)
    answers = [group.submit(item) for item in range(4)]
    draining = asyncio.create_task(group.drained(10.0))
    await turn()
    assert not draining.done()

    ledger.may_end.set()
    await draining

    assert [answer.result() for answer in answers] == [0, 10, 20, 30]
