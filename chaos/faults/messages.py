"""What somebody else puts into the Celery list."""

import asyncio
import base64
import json
import random
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import psutil
import redis.asyncio

from chaos.cluster.cluster import Cluster
from chaos.faults.fault import Fault, Injected, Scene
from chaos.findings import Finding
from headrace.flow.execute import Lane

#: Seconds between two messages that nobody understands, with a hundred of one id.
EVERY_SECONDS = 1.0

#: The Redis key in which the messages of the queue lie.
LIST = "headrace.default"

#: Our one task.
TASK = "process_incoming_event"

#: Redis has so long to answer.
ANSWER_SECONDS = 5.0

#: How often the same id is sent.
TIMES = 100

_NEWEST = "SELECT id::text FROM headrace.events ORDER BY id DESC LIMIT 50"


def opening(path: Path) -> bytes:
    """A pickle: to read it writes this file, and nobody may."""
    return f"cbuiltins\nopen\n(V{path}\nVw\ntR.".encode()


def message(task: str, body: bytes, media_type: str = "application/json") -> bytes:
    """A message of this task as Celery would put it into the list, with a body that may be no such thing."""
    number = str(uuid4())
    return json.dumps(
        {
            "body": base64.b64encode(body).decode(),
            "content-encoding": "utf-8" if media_type == "application/json" else "binary",
            "content-type": media_type,
            "headers": {"lang": "py", "task": task, "id": number, "root_id": number, "retries": 0},
            "properties": {
                "correlation_id": number,
                "delivery_mode": 2,
                "delivery_info": {"exchange": "", "routing_key": LIST},
                "priority": 0,
                "body_encoding": "base64",
                "delivery_tag": str(uuid4()),
            },
        }
    ).encode()


def call(*arguments: object) -> bytes:
    """The body of a message with these arguments."""
    return json.dumps([arguments, {}, {"callbacks": None, "errbacks": None, "chain": None, "chord": None}]).encode()


def nonsense(chance: random.Random, opened: Path) -> Mapping[str, bytes]:
    """By what they are, messages that nobody understands."""
    return {
        "bytes": chance.randbytes(200),
        "text": b"hello",
        "a number": b"7",
        "an object": b'{"body": 1}',
        "a body that is no JSON": message(TASK, chance.randbytes(50)),
        "a body of another shape": message(TASK, b'{"a": 1}'),
        "a pickle": message(TASK, opening(opened), "application/x-python-serialize"),
        "a bare pickle": opening(opened),
        "a task that there is not": message("no.such.task", call(1)),
        "arguments that are no ids": message(TASK, call("no id", None, 7, {"deep": [1]})),
        "an id of no event": message(TASK, call(str(uuid4()))),
    }


async def send_nonsense(scene: Scene) -> Injected:
    """Every kind of message that nobody understands, again and again, and one id a hundred times, both ways."""
    injected = Injected(details={"messages": 0})
    opened = scene.cluster.folder / "unpickled"
    before = _ordinary(scene.cluster)
    async with redis.asyncio.Redis.from_url(scene.cluster.valkey.url, socket_timeout=ANSWER_SECONDS) as client:
        while not scene.is_over:
            messages = [scene.chance.choice(list(nonsense(scene.chance, opened).values()))]
            messages += await _hundred_times(scene)
            await client.lpush(LIST, *messages)
            injected.details["messages"] += len(messages)
            await asyncio.sleep(min(EVERY_SECONDS, scene.seconds_left))
    if opened.exists():
        injected.findings.append(Finding("F15", "a pickle was read"))
    if before - _ordinary(scene.cluster):
        injected.findings.append(Finding("F15", "a message ended a worker process"))
    return injected


async def _hundred_times(scene: Scene) -> Sequence[bytes]:
    """One event's id, a hundred times in one message, or in a hundred messages."""
    ids = await scene.cluster.rows(_NEWEST)
    [(event_id,)] = scene.chance.sample(ids, 1)
    if scene.chance.random() < 0.5:
        return [message(TASK, call(*[event_id] * TIMES))]
    return [message(TASK, call(event_id)) for _ in range(TIMES)]


def _ordinary(cluster: Cluster) -> set[int]:
    """The processes that end only if something ends them: not those for runs that lost workers."""
    processes = [process for worker in cluster.workers for process in worker.processes()]
    return {process.pid for process in processes if Lane.SOUND.value in _command(process)}


def _command(process: psutil.Process) -> list[str]:
    with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
        return process.cmdline()
    return []


F15 = Fault(
    "F15", "garbage, a pickle, an unknown task, one id 100 times in the list", "redis", send_nonsense, effect="messages"
)
