"""Nodes that several pipelines share."""

from headrace import Node
from headrace.demo import facts, services
from headrace.demo.app.schema import WebhookReceived
from headrace.demo.categories import CATEGORIES, Category


def people(event: WebhookReceived) -> facts.People:
    """Everybody whom the webhook names, by login."""
    return facts.people_of(event.payload)


async def repository(event: WebhookReceived) -> str | None:
    """The repository's full name."""
    return facts.repository_of(event.payload)


class CategoryNode(Node):
    """What the webhook is about."""

    def process(self, event: WebhookReceived) -> Category:
        return CATEGORIES[event.kind]


def summary(event: WebhookReceived, people: facts.People, repository: str | None) -> str:
    """A sentence, made at once."""
    return facts.summary_of(event.kind, event.payload, people, repository)


class AskedSummary(Node):
    """The same sentence, as if a service elsewhere had written it."""

    name = "summary"

    async def process(self, event: WebhookReceived, people: facts.People, repository: str | None) -> str:
        text = facts.summary_of(event.kind, event.payload, people, repository)
        await services.call(f"{event.action} {text}")
        return text
