"""What is searched for: clauses that must all hold."""

from datetime import datetime

from headrace.domain.values import value

#: Fields of an event that hold one exact value each; folded (`words.fold`) where they are compared.
NAMES = ("id", "type", "state", "reason", "node", "code", "key", "source", "subject", "release")

#: Where the free JSON of an event is found: paths begin with one of these.
ROOTS = ("payload", "outputs", "error", "extra")

#: Times of an event that can be asked for.
TIMES = ("created", "finished")


@value()
class Phrase:
    """Words that follow each other in a text of the event; one word stands alone."""

    words: tuple[str, ...]


@value()
class Term:
    """The event has one of these terms: `path:value`, as `Document.terms` has them, or `name:value` of a field."""

    terms: tuple[str, ...]


@value()
class Between:
    """A time of the event, `created` or `finished`: from `first` on, and before `end`."""

    name: str
    first: datetime | None
    end: datetime | None


@value()
class Not:
    """What must not hold."""

    clause: "Phrase | Term | Between"


Clause = Phrase | Term | Between | Not


@value()
class Query:
    """All of these hold; without any, every event is meant."""

    clauses: tuple[Clause, ...] = ()
