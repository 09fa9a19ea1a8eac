"""What is about to be sent is on disk before it is sent, whoever is killed."""

import asyncio
import subprocess
import sys
from pathlib import Path

from chaos.journal import Answer, History, Intent, Journal, Outcome, Sending, read_journal

ROOT = Path(__file__).parents[2]

#: Writes intents without an end, and tells of each that is on disk.
WRITER = """
import asyncio, sys
from pathlib import Path
from chaos.journal import Intent, Journal

async def write(journal, number):
    await journal.intend(Intent(str(number), "order", "{}"))
    print(number, flush=True)

async def main():
    journal = Journal(Path(sys.argv[1]))
    for first in range(0, 10**9, 50):
        await asyncio.gather(*(write(journal, number) for number in range(first, first + 50)))

asyncio.run(main())
"""


async def test_what_was_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    intent = Intent("a", "order", '{"type": "order"}', poison=True)
    first, second = Sending("a", 1, "first", "api-1"), Sending("a", 2, "again", "api-2")
    with Journal(path) as journal:
        await journal.intend(intent)
        await journal.send(first)
        await journal.end(first, Outcome("unknown", why="503", answer=Answer(503, "application/problem+json", "{}")))
        await journal.send(second)

    history = read_journal(path)

    assert history.intents == {"a": intent}
    assert history.sendings == [first, second]
    assert second.outcome is None


async def test_many_that_write_at_once_are_all_on_disk(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    with Journal(path) as journal:
        await asyncio.gather(*(journal.intend(Intent(str(number), "order", "{}")) for number in range(500)))
    assert len(read_journal(path).intents) == 500


def test_what_was_told_to_be_on_disk_is_there_after_a_kill(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    command = [sys.executable, "-c", WRITER, str(path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        told = [writer.stdout.readline().strip() for _ in range(300)]
        writer.kill()
        told += writer.stdout.read().splitlines()

    assert set(told) <= read_journal(path).intents.keys()


def test_a_line_that_a_kill_cut_short_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_text('{"intent":{"key":"a","type":"order","body":"{}","poison":false}}\n{"intent":{"key":"b"')
    assert list(read_journal(path).intents) == ["a"]


def test_an_event_counts_once_however_often_it_was_sent() -> None:
    history = read_history(
        ("a", Outcome("unknown", why="503")),
        ("a", Outcome("ok", event_id="1")),
        ("a", Outcome("ok", event_id="1", replayed=True)),
        ("b", Outcome("unknown", why="ReadTimeout")),
        ("b", Outcome("refused", answer=Answer(422, "", ""))),
        ("c", None),
        ("d", Outcome("refused", answer=Answer(413, "", ""))),
    )
    assert (history.count("ok"), history.count("unknown"), history.count("refused")) == (1, 2, 1)


def read_history(*ended: tuple[str, Outcome | None]) -> History:
    sendings = [Sending(key, number, "first", "api-1", outcome) for number, (key, outcome) in enumerate(ended)]
    return History(sendings=sendings)
