"""The load client: sends events to all APIs at a steady rate, and writes down what it hears of each."""

import asyncio
import itertools
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from types import TracebackType
from typing import Self

import httpx2
import orjson

from chaos.cluster.program import Api
from chaos.events import make_intent, other_body
from chaos.journal import Answer, Intent, Journal, Outcome, Purpose, Sending

#: An answer that does not come in so many seconds is not waited for.
ANSWER_SECONDS = 5.0

#: Of a hundred events that nobody knows of, so many are sent again, so often at most, with pauses up to this.
SENT_AGAIN, MOST_AGAIN, PAUSE_SECONDS = 70, 6, 2.0

#: Of a hundred events, so many are sent once more with their key: at the same time, afterwards, or with another body.
REPEATED = 5

#: Why nobody knows of a request that certainly never arrived.
NOT_CONNECTED = httpx2.ConnectError.__name__

#: Characters of a refusal that are kept.
BODY_CHARACTERS = 1000

MakeIntent = Callable[[str, random.Random], Intent]


class Load:
    """Sends `events_per_second`, which may be changed at any time, made by `make`, as long as `run` runs.

    `prefix` begins every key.
    """

    def __init__(
        self,
        apis: Sequence[Api],
        journal: Journal,
        chance: random.Random,
        events_per_second: float,
        prefix: str,
        make: MakeIntent = make_intent,
    ) -> None:
        self.events_per_second = events_per_second
        self.make = make
        self._apis = apis
        self._journal = journal
        self._chance = chance
        self._prefix = prefix
        self._numbers = itertools.count(1)
        self._sendings = itertools.count(1)
        self._underway: set[asyncio.Task[None]] = set()
        self._errors: list[BaseException] = []
        # A proxy that the environment names is not for an address of this machine.
        self._http = httpx2.AsyncClient(
            timeout=ANSWER_SECONDS, trust_env=False, limits=httpx2.Limits(max_connections=None)
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for task in self._underway:
            task.cancel()
        await self._http.aclose()

    async def run(self, over: asyncio.Event) -> None:
        """Send until it is over; then wait until every request is answered or given up."""
        next_at = time.monotonic()
        while not over.is_set():
            self.begin()
            next_at += 1 / self.events_per_second
            await asyncio.sleep(max(0.0, next_at - time.monotonic()))
        await self.drained()

    def begin(self) -> None:
        """Begin to send one more event."""
        task = asyncio.create_task(self._deliver(self.make(f"{self._prefix}{next(self._numbers)}", self._chance)))
        self._underway.add(task)
        task.add_done_callback(self._end)

    def _end(self, task: asyncio.Task[None]) -> None:
        self._underway.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._errors.append(error)

    async def drained(self) -> None:
        """Wait until every request is answered or given up. Raises what the client could not cope with."""
        while self._underway:
            await asyncio.wait(set(self._underway))
        if self._errors:
            raise self._errors[0]

    async def _deliver(self, intent: Intent) -> None:
        await self._journal.intend(intent)
        if self._chance.randrange(100) >= REPEATED:
            await self._until_known(intent)
            return
        match self._chance.choice(("beside", "behind", "other")):
            case "beside":
                await asyncio.gather(self._until_known(intent), self._post(intent, intent.body, "repeat"))
            case "behind":
                await self._until_known(intent)
                await self._post(intent, intent.body, "repeat")
            case _:
                if (await self._until_known(intent)).verdict == "ok":
                    await self._post(intent, other_body(intent), "other-body")

    async def _until_known(self, intent: Intent) -> Outcome:
        outcome = await self._first(intent)
        patient = self._chance.randrange(100) < SENT_AGAIN
        for _ in range(MOST_AGAIN if patient else 0):
            if outcome.verdict != "unknown":
                break
            await asyncio.sleep(self._chance.uniform(0.1, PAUSE_SECONDS))
            outcome = await self._post(intent, intent.body, "again")
        return outcome

    async def _first(self, intent: Intent) -> Outcome:
        """As behind a balancer: an API that takes no connection got nothing, so that the next one may be tried."""
        for api in self._chance.sample(self._apis, len(self._apis)):
            outcome = await self._post(intent, intent.body, "first", api)
            if outcome.why != NOT_CONNECTED:
                break
        return outcome

    async def _post(self, intent: Intent, body: str, purpose: Purpose, api: Api | None = None) -> Outcome:
        api = api or self._chance.choice(self._apis)
        sending = Sending(intent.key, next(self._sendings), purpose, api.name, at=time.time())
        await self._journal.send(sending)
        began = time.monotonic()
        outcome = replace(await self._ask(api, intent.key, body), seconds=time.monotonic() - began)
        await self._journal.end(sending, outcome)
        return outcome

    async def _ask(self, api: Api, key: str, body: str) -> Outcome:
        headers = {"Content-Type": "application/json", "Idempotency-Key": key}
        start = api.starts
        api.posts_in_flight += 1
        try:
            answer = await self._http.post(f"{api.url}/events", content=body, headers=headers)
        except httpx2.HTTPError as error:
            return Outcome("unknown", why=type(error).__name__)
        finally:
            api.posts_in_flight -= 1
        api.answered_start = start
        return outcome_of(answer)


#: It may be sent again.
_LATER = (httpx2.codes.SERVICE_UNAVAILABLE, httpx2.codes.TOO_MANY_REQUESTS, httpx2.codes.CONFLICT)


def outcome_of(answer: httpx2.Response) -> Outcome:
    """What an answer says of the event: 503, 429, or 409 as another request has the key, leave it unknown."""
    if answer.status_code == httpx2.codes.ACCEPTED:
        replayed = answer.headers.get("idempotency-replayed") == "true"
        return Outcome("ok", event_id=orjson.loads(answer.content)["id"], replayed=replayed)
    media_type = answer.headers.get("content-type", "")
    retry_after = answer.headers.get("retry-after")
    kept = Answer(answer.status_code, media_type, answer.text[:BODY_CHARACTERS], retry_after)
    if answer.status_code in _LATER:
        return Outcome("unknown", why=str(answer.status_code), answer=kept)
    return Outcome("refused", answer=kept)
