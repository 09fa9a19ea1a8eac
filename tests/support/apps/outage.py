"""A user's program of quick events, of one that runs until it is let go, and of one that is tried again soon."""

import time
from pathlib import Path

from headrace import EventSchema, Pipeline


class Quick(EventSchema, type="ticket.opened"):
    pass


class Held(EventSchema, type="held"):
    pass


class Retried(EventSchema, type="retried"):
    pass


quick = Pipeline("quick", Quick)
held = Pipeline("held", Held)
retried = Pipeline("retried", Retried)


@quick.node
async def answer(event: Quick) -> str:
    return "done"


@held.node
def hold_on(event: Held) -> str:
    while not Path("let_go").exists():
        time.sleep(0.05)
    return "done"


@retried.node(backoff=[3.0])
def fail_once(event: Retried) -> str:
    if Path("failed").exists():
        return "done"
    Path("failed").touch()
    raise TimeoutError
