"""Pull requests: measured, and their risk asked of a service that is busy at times."""

from typing import Any

from headrace import Node, Pipeline
from headrace.demo import facts, services
from headrace.demo.app.nodes import people, repository
from headrace.demo.app.schema import WebhookReceived


class PullRequestChanged(WebhookReceived, type="github.pull_request"):
    """Somebody did something to a pull request."""

    action: str

    @property
    def pull_request(self) -> dict[str, Any]:
        pull_request: dict[str, Any] = self.payload["pull_request"]
        return pull_request


pull_requests = Pipeline("pull_request", PullRequestChanged)
pull_requests.node(people)
pull_requests.node(repository)


@pull_requests.node
def size(event: PullRequestChanged) -> str:
    """How much it changes."""
    return facts.size_of(event.pull_request)


@pull_requests.node
async def reviewers(event: PullRequestChanged) -> list[str]:
    """Who was asked to review."""
    return facts.reviewers_of(event.pull_request)


@pull_requests.node(retries=3, backoff=[0.05, 0.1], timeout_seconds=10)
class Risk(Node):
    """How likely it breaks something; called again where the service was busy."""

    def __init__(self) -> None:
        self._service = services.BusyService()

    async def process(self, event: PullRequestChanged, size: str, reviewers: list[str]) -> str:
        base = event.pull_request["base"]["ref"]
        await self._service.call(f"{event.action} {event.pull_request['updated_at']} {size} {reviewers} {base}")
        return facts.risk_of(size, reviewers, base)


@pull_requests.node
def summary(event: PullRequestChanged, people: facts.People, repository: str | None, risk: str) -> str:
    """A sentence, with the risk."""
    return f"{facts.summary_of(event.kind, event.payload, people, repository)} Risk: {risk}."
