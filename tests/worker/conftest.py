from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.support.installation import Installation
from tests.support.storage import Storage

_CREATE = """
CREATE SCHEMA side
CREATE TABLE calls (event text NOT NULL, node text NOT NULL, pid integer NOT NULL);
GRANT USAGE ON SCHEMA side TO PUBLIC;
GRANT SELECT, INSERT ON side.calls TO PUBLIC
"""


@dataclass(frozen=True, slots=True)
class Calls:
    """What nodes wrote into a table of the user's own when they were called, on connections of their own."""

    storage: Storage

    def of(self, event: str) -> Counter[str]:
        """How often each node was called for an event."""
        return Counter(node for (node,) in self.storage.rows("SELECT node FROM side.calls WHERE event = %s", event))

    def pids(self, event: str) -> set[int]:
        """The processes in which nodes were called for an event."""
        return {pid for (pid,) in self.storage.rows("SELECT pid FROM side.calls WHERE event = %s", event)}


@pytest.fixture
def calls(installation: Installation) -> Iterator[Calls]:
    for statement in _CREATE.split(";"):
        installation.storage.rows(statement)
    yield Calls(installation.storage)
    installation.storage.rows("DROP SCHEMA side CASCADE")
