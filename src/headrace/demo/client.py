"""The demo as a client of the API: it posts, and reads what became of it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx2

from headrace.demo.waiting import DemoFailed
from headrace.demo.webhooks import Webhook

#: Requests that are under way at once.
REQUESTS = 8

#: An answer may take this long.
ANSWER_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Sent:
    """A webhook that was accepted, and the id that it got."""

    webhook: Webhook
    event_id: UUID


class Client:
    """Speaks HTTP to one API. Every answer that is no success raises DemoFailed."""

    def __init__(self, http: httpx2.AsyncClient) -> None:
        self._http = http
        self._room = asyncio.Semaphore(REQUESTS)

    async def is_ready(self) -> bool | None:
        """True once the API can accept; None before."""
        try:
            return (await self._http.get("/health/ready")).is_success or None
        except httpx2.TransportError:
            return None

    async def send(self, webhooks: Sequence[Webhook]) -> list[Sent]:
        """Post them all, some at once."""

        async def post(webhook: Webhook) -> Sent:
            headers = {"Content-Type": "application/json"}
            answer = await self._call("POST", "/events", content=webhook.body, headers=headers)
            return Sent(webhook, UUID(answer["id"]))

        return await asyncio.gather(*map(post, webhooks))

    async def events(self, sent: Sequence[Sent]) -> list[dict[str, Any]]:
        """`GET /events/{id}` of each."""
        return await asyncio.gather(*(self._call("GET", f"/events/{one.event_id}") for one in sent))

    async def stats(self) -> dict[str, Any]:
        """The ledger."""
        return await self._call("GET", "/stats")

    async def pipeline(self, name: str) -> dict[str, Any]:
        """A pipeline with its nodes and its drawing."""
        return await self._call("GET", f"/pipelines/{name}")

    async def _call(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        async with self._room:
            try:
                answer = await self._http.request(method, path, **options)
            except httpx2.TransportError as error:
                raise DemoFailed(f"{method} {path} was not answered: {type(error).__name__} {error}") from error
        if not answer.is_success:
            raise DemoFailed(f"{method} {path} was answered {answer.status_code}: {answer.text}")
        found: dict[str, Any] = answer.json()
        return found


@asynccontextmanager
async def open_client(url: str) -> AsyncIterator[Client]:
    """A client of the API at this URL."""
    # A proxy that the environment names is not for an address of this machine.
    async with httpx2.AsyncClient(base_url=url, timeout=ANSWER_SECONDS, trust_env=False) as http:
        yield Client(http)
