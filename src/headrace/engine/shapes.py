"""What kind of step a node is: a closed union, matched where a kind matters."""

from dataclasses import dataclass

#: Items of a map that are worked on at once, where it names no limit.
DEFAULT_LIMIT = 10


@dataclass(frozen=True, slots=True)
class Plain:
    """A function that is called once, when what it takes is there."""


@dataclass(frozen=True, slots=True)
class Router:
    """Its function returns which of the nodes directly behind it run: a node or its name, several, or None."""


@dataclass(frozen=True, slots=True)
class Join:
    """Runs when all that it waits for has finished or was skipped; with `first`, as soon as one of these finished."""

    first: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Map:
    """Calls its function for each `item` of a list, `limit` at once: `over` is a node, or `event.field`."""

    over: str
    limit: int = DEFAULT_LIMIT


@dataclass(frozen=True, slots=True)
class Finally:
    """Runs at the end of the run, however that ends."""


@dataclass(frozen=True, slots=True)
class Sleep:
    """Holds back what is behind it, while the run waits in Postgres."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Wait:
    """Its output is the first event of `type`, accepted after the run's own, whose match field equals `key`.

    `key` is a field of the event, a node, or a path like `create.id`. After `timeout_seconds` the output is None.
    """

    type: str
    key: str
    timeout_seconds: float | None = None


#: The shape of most nodes.
PLAIN = Plain()

Shape = Plain | Router | Join | Map | Finally | Sleep | Wait
