"""The events that are sent: a small one of 450 bytes, and recorded webhooks of 10 kB on average."""

from collections.abc import Sequence
from enum import StrEnum
from functools import lru_cache

import orjson

from headrace.demo.webhooks import recorded_webhooks

#: The size of a small event.
SMALL_BYTES = 450


class Body(StrEnum):
    """The kinds of bodies, as tables name them."""

    SMALL = "450 bytes"
    WEBHOOK = "webhooks"


class Work(StrEnum):
    """An event's `type`: what is to be done with it."""

    #: Two async steps that do nothing.
    TWO_STEPS = "bench.two"
    #: One async step that waits for a second.
    SLOW = "bench.slow"
    #: Forty async steps in a row that do nothing.
    FORTY_STEPS = "bench.forty"


def make_bodies(kind: Body, count: int, work: Work = Work.TWO_STEPS, first: int = 0) -> list[bytes]:
    """So many events, numbered from `first`: JSON objects whose `type` is the work and whose `number` is their own."""
    numbers = range(first, first + count)
    if kind is Body.SMALL:
        return [_small(work, number) for number in numbers]
    webhooks = _webhooks()
    return [b'{"type":"%s","number":%d,%s' % (work.encode(), n, webhooks[n % len(webhooks)]) for n in numbers]


def _small(work: Work, number: int) -> bytes:
    head = b'{"type":"%s","number":%d,"customer":{"id":"c-%08d","country":"NL"},"amount":"129.90","note":"' % (
        work.encode(),
        number,
        number,
    )
    return head + _TEXT[: SMALL_BYTES - len(head) - 2] + b'"}'


#: Some words, so that a small event is as compressible as one is.
_TEXT = (
    b"Please leave the parcel with the neighbours at number 14 if nobody opens, and ring twice: the bell is slow. "
    b"The invoice goes to the office in Utrecht, not to the address of the delivery. Call before noon on weekdays, "
    b"or write to the address in the contract. Order 2291 of last month has been cancelled and must not be sent again; "
    b"what was paid for it is to be set against this one. Thank you very much, and a good day to all of you."
)


@lru_cache(maxsize=1)
def _webhooks() -> Sequence[bytes]:
    """The recorded ones as the members of an object, with its closing brace, without the opening one."""
    recorded = [{"event": hook.kind, "action": hook.action, "payload": hook.payload} for hook in recorded_webhooks()]
    return [orjson.dumps(members)[1:] for members in recorded]
