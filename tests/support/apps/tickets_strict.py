"""A later release of `tickets`, which asks for more than the events that were accepted before it have."""

from headrace import EventSchema, Pipeline


class TicketOpened(EventSchema, type="ticket.opened"):
    priority: int


tickets = Pipeline("tickets", TicketOpened)


@tickets.node
async def classify(event: TicketOpened) -> str:
    return "urgent" if event.priority > 1 else "other"
