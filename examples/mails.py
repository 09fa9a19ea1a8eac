"""A router and a join: a mail takes one way or several, and one answer is made of what they say.

Try it: headrace send mail.received sender=ada@example.org text='It crashed, and I want my money back'
"""

from typing import Literal

from headrace import EventSchema, Pipeline


class MailReceived(EventSchema, type="mail.received"):
    sender: str
    text: str


mails = Pipeline("mails", MailReceived)


@mails.router
def topics(event: MailReceived) -> list[Literal["refund", "bug", "person"]]:
    """The branches that run; the others are skipped."""
    text = event.text.lower()
    found: list[Literal["refund", "bug", "person"]] = []
    if "money" in text:
        found.append("refund")
    if "crash" in text:
        found.append("bug")
    return found or ["person"]


@mails.node(after=topics)
async def refund(event: MailReceived) -> str:
    return f"We send the money back to {event.sender}."


@mails.node(after=topics)
async def bug() -> str:
    return "We have opened a ticket."


@mails.node(after=topics)
async def person() -> str:
    return "Somebody will read your mail today."


@mails.join
def answer(refund: str | None, bug: str | None, person: str | None) -> str:
    """Runs when all three are through, whichever of them were skipped."""
    return " ".join(part for part in (refund, bug, person) if part is not None)
