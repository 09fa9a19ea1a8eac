"""What the nodes of each pipeline must have made of a webhook, computed without any pipeline."""

from typing import Any

from headrace.demo import facts
from headrace.demo.categories import CATEGORIES
from headrace.demo.webhooks import Webhook


def expected_nodes(webhook: Webhook) -> dict[str, Any]:
    """By the node's name, its output."""
    payload = webhook.payload
    match webhook.kind:
        case "issues":
            return _of_issue(payload)
        case "pull_request":
            return _of_pull_request(payload)
        case "push":
            return _of_push(payload)
        case kind:
            return {**_common(kind, payload), "category": CATEGORIES[kind]}


def _common(kind: str, payload: facts.Payload) -> dict[str, Any]:
    people, repository = facts.people_of(payload), facts.repository_of(payload)
    summary = facts.summary_of(kind, payload, people, repository)
    return {"people": people, "repository": repository, "summary": summary}


def _of_issue(payload: facts.Payload) -> dict[str, Any]:
    common = _common("issues", payload)
    issue = payload["issue"]
    labels, tone = facts.labels_of(issue), facts.tone_of(facts.text_of(issue))
    queue = facts.queue_of(labels, issue.get("comments", 0))
    summary = f"{common['summary']} Tone: {tone}. Queue: {queue}."
    return {**common, "labels": labels, "tone": tone, "queue": queue, "summary": summary}


def _of_pull_request(payload: facts.Payload) -> dict[str, Any]:
    common = _common("pull_request", payload)
    pull_request = payload["pull_request"]
    size, reviewers = facts.size_of(pull_request), facts.reviewers_of(pull_request)
    risk = facts.risk_of(size, reviewers, pull_request["base"]["ref"])
    summary = f"{common['summary']} Risk: {risk}."
    return {**common, "size": size, "reviewers": reviewers, "risk": risk, "summary": summary}


def _of_push(payload: facts.Payload) -> dict[str, Any]:
    branch, commits = facts.branch_of(payload), facts.commits_of(payload)
    return {
        "people": facts.people_of(payload),
        "branch": branch,
        "commits": commits,
        "files": facts.files_of(payload),
        "summary": facts.push_summary_of(payload, branch, commits),
    }
