"""A user's program: one pipeline of two nodes."""

from headrace import EventSchema, Pipeline


class TicketOpened(EventSchema, type="ticket.opened"):
    subject: str = "no light"
    body: str = "the lamp is out"


tickets = Pipeline("tickets", TicketOpened)


@tickets.node
async def classify(event: TicketOpened) -> str:
    return "billing" if "invoice" in event.body else "other"


@tickets.node
def reply(event: TicketOpened, classify: str) -> dict[str, str]:
    return {"to": classify, "text": f"Re: {event.subject}"}
