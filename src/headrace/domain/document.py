"""What the search copy holds: an entry for an event, made of nothing but what Postgres holds of it."""

from datetime import UTC, datetime
from uuid import UUID

from headrace.domain.ids import first_id_at, time_of
from headrace.domain.query import NAMES
from headrace.domain.states import EventState
from headrace.domain.values import value
from headrace.domain.words import fold


@value()
class Document:
    """A finished event, as the copy has it.

    `version` grows with each change of the event's result. `content` is JSON: an object with the event's `payload`, its
    `outputs` by node, its `error` and the fields that its pipeline added (`extra`). `words` are the words of all texts
    and numbers in these, in their order, a space between two; `terms` are `path:value` of single values, as
    `payload.user.login:octocat`, in lower case. Both are cut at a limit. `indices` are further indices that are to have
    the event too.
    """

    event_id: UUID
    version: int
    tenant: str
    type: str
    state: EventState
    reason: str | None
    node: str | None
    code: str | None
    key: str | None
    source: str | None
    subject: str | None
    release: str | None
    attempts: int
    started_at: datetime | None
    finished_at: datetime
    content: bytes
    words: str
    terms: tuple[str, ...]
    indices: tuple[str, ...] = ()

    @property
    def created_at(self) -> datetime:
        """When the event was accepted."""
        return time_of(self.event_id)


@value()
class Tombstone:
    """An event that has no result: one that runs again, or one that was erased. It says that, and nothing more."""

    event_id: UUID
    version: int


#: What the copy has for an event.
Entry = Document | Tombstone


def names_of(document: Document) -> dict[str, str]:
    """The fields that hold one exact value each, by their names in queries; those without one left out."""
    fields = {name: document.event_id if name == "id" else getattr(document, name) for name in NAMES}
    return {name: str(found) for name, found in fields.items() if found is not None}


def named_terms(document: Document) -> list[str]:
    """`name:value` of each of these fields, folded: by these it is found."""
    return [fold(f"{name}:{found}") for name, found in names_of(document).items()]


def month_of(event_id: UUID) -> str:
    """The part of the copy that an event belongs to, by the time in its id, in UTC: `2026.11`."""
    return time_of(event_id).strftime("%Y.%m")


def ids_of_month(month: str) -> tuple[UUID, UUID]:
    """The first id that may belong to a month, and the first one behind it."""
    year, number = map(int, month.split("."))
    behind = (year + 1, 1) if number == 12 else (year, number + 1)
    return first_id_at(datetime(year, number, 1, tzinfo=UTC)), first_id_at(datetime(*behind, 1, tzinfo=UTC))
