"""I2: what nobody knows of was accepted once or not at all, what is repeated once, and nothing good is refused."""

from collections import Counter

from chaos.evidence import Evidence
from chaos.findings import Finding
from chaos.invariants.finding import found


def check_unknown(evidence: Evidence) -> list[Finding]:
    """Keys with two events or two ids, repeats that were not answered as such, refusals of what is good."""
    history = evidence.history
    events = Counter(event.intent for event in evidence.events if event.parent is None)
    accepted = history.accepted()
    ended = [(sending, sending.outcome) for sending in history.sendings if sending.outcome is not None]
    open_ = {sending.key for sending in history.sendings if sending.outcome is None}
    open_ |= {sending.key for sending, outcome in ended if outcome.verdict == "unknown"}
    refused = {sending.key for sending, outcome in ended if outcome.verdict == "refused"} - accepted.keys() - open_
    good = [
        sending.key for sending, outcome in ended if outcome.verdict == "refused" and sending.purpose != "other-body"
    ]
    other = [sending.key for sending, outcome in ended if sending.purpose == "other-body" and outcome.verdict == "ok"]
    anew = Counter(sending.key for sending, outcome in ended if outcome.verdict == "ok" and not outcome.replayed)
    return [
        *found("I2", "two events under one key", (key for key, count in events.items() if count > 1)),
        *found("I2", "two ids were answered for one key", (key for key, ids in accepted.items() if len(ids) > 1)),
        *found("I2", "accepted anew twice", (key for key, count in anew.items() if count > 1)),
        *found("I2", "refused, and stored nevertheless", refused & events.keys()),
        *found("I2", "refused, though nothing is wrong with it", good),
        *found("I2", "another body was accepted under a used key", other),
    ]
