"""The middle of the demo: send, kill, wait, and gather what there is to judge."""

import asyncio
import time
from collections.abc import Sequence

import psutil
from psycopg import AsyncConnection

from headrace.demo.client import Client, Sent, open_client
from headrace.demo.evidence import Ending, Evidence
from headrace.demo.kill import Kill, kill_when_busy
from headrace.demo.memory import measure_memory
from headrace.demo.narrator import Narrator
from headrace.demo.programs import WORKER_PROCESSES, Programs
from headrace.demo.tables import live_roles, stored_bodies
from headrace.demo.waiting import wait_for
from headrace.demo.webhooks import Webhook
from headrace.embedded import EmbeddedServices
from headrace.store.database import Connection

#: The programs have so long until they are ready.
READY_SECONDS = 30.0

#: All events have so long until they are finished; what is not is named by the checks.
FINISH_SECONDS = 45.0

#: Seconds between two looks at how far it is.
FOLLOW_SECONDS = 0.1


async def witness(
    programs: Programs, services: EmbeddedServices, webhooks: Sequence[Webhook], narrator: Narrator
) -> Evidence:
    """Send the webhooks, kill a worker process among them, wait for their end. Raises DemoFailed."""
    async with (
        open_client(programs.api_url) as client,
        await AsyncConnection.connect(services.database_url, autocommit=True) as connection,
    ):
        await _wait_until_ready(programs, client, connection)
        narrator.say(f"API at {programs.api_url} and {WORKER_PROCESSES} worker processes are ready")
        over = asyncio.Event()
        (sent, accept_seconds), kill, _ = await asyncio.gather(
            _send(client, webhooks, narrator),
            _kill(connection, programs, over, narrator),
            _follow(client, programs, len(webhooks), narrator, over),
        )
        endings = await _endings(client, connection, sent)
        example = min(endings, key=lambda ending: len(ending.webhook.body))
        return Evidence(
            endings=endings,
            kill=kill,
            accept_seconds=accept_seconds,
            stats=await client.stats(),
            example=example,
            pipeline=await client.pipeline(example.webhook.kind),
            memory=measure_memory(programs, services, await live_roles(connection)),
        )


async def _wait_until_ready(programs: Programs, client: Client, connection: Connection) -> None:
    async def all_workers() -> bool | None:
        roles = list((await live_roles(connection)).values())
        return roles.count("worker") == WORKER_PROCESSES or None

    await wait_for(client.is_ready, "the API", seconds=READY_SECONDS, check=programs.check)
    await wait_for(all_workers, "the worker processes", seconds=READY_SECONDS, check=programs.check)


async def _send(client: Client, webhooks: Sequence[Webhook], narrator: Narrator) -> tuple[list[Sent], float]:
    started = time.monotonic()
    sent = await client.send(webhooks)
    seconds = time.monotonic() - started
    narrator.say(f"all {len(sent)} webhooks are accepted")
    return sent, seconds


async def _kill(connection: Connection, programs: Programs, over: asyncio.Event, narrator: Narrator) -> Kill | None:
    kill = await kill_when_busy(connection, psutil.Process(programs.worker.pid), over)
    if kill is not None:
        narrator.say(f"killed worker process {kill.process_id} (SIGKILL), which held {len(kill.held)} runs")
    return kill


async def _follow(client: Client, programs: Programs, total: int, narrator: Narrator, over: asyncio.Event) -> None:
    """Show how far it is, until every event is finished or the time is up."""
    give_up = time.monotonic() + FINISH_SECONDS
    try:
        while time.monotonic() < give_up:
            stats = await client.stats()
            finished = stats["accepted"] - stats["unfinished"]
            narrator.show(stats["accepted"], finished)
            if finished == total:
                narrator.say("all are finished")
                return
            programs.check()
            await asyncio.sleep(FOLLOW_SECONDS)
        narrator.say(f"{FINISH_SECONDS:g} s are over")
    finally:
        over.set()


async def _endings(client: Client, connection: Connection, sent: Sequence[Sent]) -> list[Ending]:
    bodies = await stored_bodies(connection)
    events = await client.events(sent)
    return [
        Ending(one.webhook, one.event_id, event, bodies.get(one.event_id))
        for one, event in zip(sent, events, strict=True)
    ]
