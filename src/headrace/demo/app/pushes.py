"""Pushes: what came in, by whom, one node after the other and two beside them."""

from headrace import Node, Pipeline
from headrace.demo import facts, services
from headrace.demo.app.nodes import people
from headrace.demo.app.schema import WebhookReceived


class Pushed(WebhookReceived, type="github.push"):
    """Somebody pushed commits, or made or deleted a branch or a tag."""


pushes = Pipeline("push", Pushed)
pushes.node(people)


@pushes.node
def branch(event: Pushed) -> str:
    """The branch or tag."""
    return facts.branch_of(event.payload)


@pushes.node
async def commits(event: Pushed, branch: str) -> list[dict[str, str]]:
    """The commits; a service elsewhere knows what the branch has."""
    await services.call(f"{branch} {event.payload['after']}")
    return facts.commits_of(event.payload)


@pushes.node
class Files(Node):
    """How many files changed."""

    def process(self, event: Pushed) -> dict[str, int]:
        return facts.files_of(event.payload)


@pushes.node
async def summary(event: Pushed, branch: str, commits: list[dict[str, str]]) -> str:
    """A sentence."""
    return facts.push_summary_of(event.payload, branch, commits)
