"""Issues: read, judged and put in a queue."""

from typing import Any

from headrace import Node, Pipeline
from headrace.demo import facts, services
from headrace.demo.app.nodes import people, repository
from headrace.demo.app.schema import WebhookReceived


class IssueChanged(WebhookReceived, type="github.issues"):
    """Somebody did something to an issue."""

    action: str

    @property
    def issue(self) -> dict[str, Any]:
        issue: dict[str, Any] = self.payload["issue"]
        return issue


issues = Pipeline("issues", IssueChanged)
issues.node(people)
issues.node(repository)


@issues.node
def labels(event: IssueChanged) -> list[str]:
    """The issue's labels."""
    return facts.labels_of(event.issue)


@issues.node(timeout_seconds=10)
def tone(event: IssueChanged) -> str:
    """How it is said; the client of the service that answers it blocks its thread."""
    text = facts.text_of(event.issue)
    services.call_blocking(f"{event.action} {text}")
    return facts.tone_of(text)


@issues.node
class Queue(Node):
    """Where the issue goes."""

    def process(self, event: IssueChanged, labels: list[str]) -> str:
        return facts.queue_of(labels, event.issue.get("comments", 0))


@issues.node
async def summary(event: IssueChanged, people: facts.People, repository: str | None, tone: str, queue: str) -> str:
    """A sentence, with tone and queue."""
    return f"{facts.summary_of(event.kind, event.payload, people, repository)} Tone: {tone}. Queue: {queue}."
