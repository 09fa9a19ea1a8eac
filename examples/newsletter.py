"""An early finish: who has unsubscribed gets no mail, and the run succeeds without it.

Try it: headrace send newsletter.due address=ada@example.org
"""

from headrace import EventSchema, Pipeline, TaskContext


class NewsletterDue(EventSchema, type="newsletter.due"):
    address: str


UNSUBSCRIBED = {"charles@example.org"}

newsletter = Pipeline("newsletter", NewsletterDue)


@newsletter.node
def recipient(event: NewsletterDue, context: TaskContext) -> str:
    if event.address in UNSUBSCRIBED:
        context.note("unsubscribed", address=event.address)
        context.finish()  # what has not started by the end of this node is skipped
    return event.address


@newsletter.node
def text(recipient: str) -> str:
    return f"Dear {recipient.partition('@')[0]}, here is what is new."


@newsletter.node
def deliver(recipient: str, text: str) -> dict[str, str]:
    return {"to": recipient, "text": text}
