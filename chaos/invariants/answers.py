"""I6: no 5xx but 503, which, as 429, says when to try again; and every error is a problem document."""

import orjson

from chaos.evidence import Evidence
from chaos.findings import Finding
from chaos.invariants.finding import found
from chaos.journal import Answer

#: What every problem document has (RFC 9457, and two members of our own).
MEMBERS = {"type", "title", "status", "detail", "instance", "code", "request_id"}

MEDIA_TYPE = "application/problem+json"


def check_answers(evidence: Evidence) -> list[Finding]:
    """Requests that were answered otherwise."""
    answers = [
        (f"{sending.key} ({sending.outcome.answer.status})", sending.outcome.answer)
        for sending in evidence.history.sendings
        if sending.outcome is not None and sending.outcome.answer is not None
    ]
    return [
        *found("I6", "a 5xx other than 503", (key for key, answer in answers if 500 <= answer.status != 503)),
        *found("I6", "a 503 or 429 without Retry-After", (key for key, answer in answers if _is_silent(answer))),
        *found(
            "I6", "an error that is no problem document", (key for key, answer in answers if not _is_problem(answer))
        ),
    ]


def _is_silent(answer: Answer) -> bool:
    return answer.status in (503, 429) and not (answer.retry_after or "").isdecimal()


def _is_problem(answer: Answer) -> bool:
    if answer.media_type.partition(";")[0] != MEDIA_TYPE:
        return False
    try:
        body = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        return False
    return isinstance(body, dict) and body.keys() >= MEMBERS and body["status"] == answer.status
