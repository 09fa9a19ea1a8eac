"""The load client's journal: what it is about to send, on disk before it sends, and what came of it.

One JSON object a line: `{"intent": {...}}` for an event that is to be sent, `{"sending": {...}}` for each request
before it goes out, `{"outcome": {...}}` for what came back.
"""

import asyncio
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from math import ceil
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import orjson

#: Why a request is sent: for the first time; again, because nobody knows what became of it; once more, on purpose;
#: with another body.
Purpose = Literal["first", "again", "repeat", "other-body"]

#: What came of a request: accepted, refused for good, or nobody knows.
Verdict = Literal["ok", "refused", "unknown"]


@dataclass(frozen=True, slots=True)
class Intent:
    """An event that is to be accepted once. `key` is its Idempotency-Key and stands in its body, too."""

    key: str
    type: str
    body: str
    poison: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer that was no success; `retry_after` is that header."""

    status: int
    media_type: str
    body: str
    retry_after: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a request, after `seconds`: `event_id` of an accepted one, `why` of one that nobody knows of."""

    verdict: Verdict
    seconds: float = 0.0
    event_id: str | None = None
    replayed: bool = False
    why: str | None = None
    answer: Answer | None = None


@dataclass(slots=True)
class Sending:
    """One request, sent `at` (Unix time); without an outcome, the client ended before it heard of one."""

    key: str
    number: int
    purpose: Purpose
    api: str
    outcome: Outcome | None = None
    at: float = 0.0


@dataclass(slots=True)
class History:
    """What a journal tells."""

    intents: dict[str, Intent] = field(default_factory=dict)
    sendings: list[Sending] = field(default_factory=list)

    def accepted(self) -> dict[str, set[str]]:
        """By key, the event ids that were answered for it."""
        found: dict[str, set[str]] = {}
        for sending in self.sendings:
            if sending.outcome is not None and sending.outcome.event_id is not None:
                found.setdefault(sending.key, set()).add(sending.outcome.event_id)
        return found

    def count(self, verdict: Verdict) -> int:
        """How many intents ended so: accepted if any of their requests was, unknown if any was and none accepted."""
        accepted = self.accepted()
        if verdict == "ok":
            return len(accepted)
        rest = [sending for sending in self.sendings if sending.key not in accepted]
        unknown = {sending.key for sending in rest if sending.outcome is None or sending.outcome.verdict == "unknown"}
        if verdict == "unknown":
            return len(unknown)
        return len({sending.key for sending in rest} - unknown)

    def unavailable(self) -> list[str]:
        """The keys of events that were answered 503, of any of their requests, in order."""
        ended = [(sending.key, sending.outcome) for sending in self.sendings if sending.outcome is not None]
        return sorted({key for key, outcome in ended if outcome.answer is not None and outcome.answer.status == 503})

    def slowest(self, verdict: Verdict, share: float) -> float | None:
        """In how many seconds this share of the requests that ended so was answered; None if none was."""
        outcomes = [sending.outcome for sending in self.sendings if sending.outcome is not None]
        seconds = sorted(outcome.seconds for outcome in outcomes if outcome.verdict == verdict)
        return seconds[max(0, ceil(share * len(seconds)) - 1)] if seconds else None


class Journal:
    """Appends to a file. What `write` was given is on disk when it returns; many callers share one fsync."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._waiting: list[bytes] = []
        self._next: asyncio.Task[None] | None = None
        self._one_at_a_time = asyncio.Lock()

    async def intend(self, intent: Intent) -> None:
        await self._write({"intent": asdict(intent)})

    async def send(self, sending: Sending) -> None:
        told = asdict(sending)
        del told["outcome"]
        await self._write({"sending": told})

    async def end(self, sending: Sending, outcome: Outcome) -> None:
        sending.outcome = outcome
        await self._write({"outcome": {"number": sending.number, **asdict(outcome)}})

    async def _write(self, line: dict[str, Any]) -> None:
        self._waiting.append(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))
        if self._next is None:
            self._next = asyncio.create_task(self._flush())
        await asyncio.shield(self._next)

    async def _flush(self) -> None:
        # What is written while the one before is under way waits together, and goes with this one.
        async with self._one_at_a_time:
            lines, self._waiting, self._next = b"".join(self._waiting), [], None
            await asyncio.to_thread(self._to_disk, lines)

    def _to_disk(self, lines: bytes) -> None:
        os.write(self._file, lines)
        os.fsync(self._file)

    def close(self) -> None:
        os.close(self._file)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def read_journal(path: Path) -> History:
    """What was written, up to a last line that a kill may have cut short."""
    history = History()
    by_number: dict[int, Sending] = {}
    for line in _whole_lines(path):
        if "intent" in line:
            intent = Intent(**line["intent"])
            history.intents[intent.key] = intent
        elif "sending" in line:
            sending = Sending(**line["sending"])
            by_number[sending.number] = sending
            history.sendings.append(sending)
        else:
            told = line["outcome"]
            answer = told.pop("answer")
            number = told.pop("number")
            by_number[number].outcome = Outcome(answer=Answer(**answer) if answer else None, **told)
    return history


def _whole_lines(path: Path) -> Iterator[dict[str, Any]]:
    for line in path.read_bytes().splitlines(keepends=True):
        if line.endswith(b"\n"):
            yield orjson.loads(line)
