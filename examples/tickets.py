"""One node after another: `reply` runs after `classify`, because it takes its output.

Try it: headrace send ticket.opened subject=Hello body='Where is my invoice?'
"""

from headrace import EventSchema, Pipeline


class TicketOpened(EventSchema, type="ticket.opened"):
    subject: str
    body: str


tickets = Pipeline("tickets", TicketOpened)


@tickets.node
async def classify(event: TicketOpened) -> str:
    return "billing" if "invoice" in event.body.lower() else "other"


@tickets.node(retries=3, timeout_seconds=10)
def reply(event: TicketOpened, classify: str) -> dict[str, str]:
    return {"to": classify, "text": f"Re: {event.subject}"}
