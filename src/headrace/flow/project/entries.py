"""Entries of the copy, made of what Postgres holds."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

from headrace.domain.document import Document, Entry, Tombstone
from headrace.domain.making import FinishedEvent, MakingOptions, make_document
from headrace.domain.values import value
from headrace.store.body import unpack
from headrace.store.database import Connection, Database
from headrace.store.finished import GoneEvent, read_finished

#: Bytes as they are stored, of all events that are read whole at a time.
MOST_BYTES = 4 << 20

#: Documents that are made before others have their turn on the loop.
TOGETHER = 10


@value()
class Waiting:
    """An entry that waits to be written, and the version of its row in the outbox."""

    entry: Entry
    version: int

    @property
    def first_entry(self) -> Entry:
        """What is to be written first: the entry, or a tombstone where its row waits since something newer.

        An event that was erased and accepted again begins anew with its versions. Whatever the copy has of the one
        before goes first, wherever it is.
        """
        return self.entry if self.entry.version >= self.version else Tombstone(self.entry.event_id, self.version)


async def read_waiting(
    connection: Connection, database: Database, ids: Sequence[UUID], options: MakingOptions
) -> list[Waiting]:
    """Of these events those that wait, with their entries as they are to be now."""
    waiting: list[Waiting] = []
    for number, found in enumerate(await read_finished(connection, database, ids)):
        if found.waiting_version is None:
            continue
        version = found.waiting_version
        entry = Tombstone(found.event_id, version) if isinstance(found, GoneEvent) else document_of(found, options)
        waiting.append(Waiting(entry, version))
        if number % TOGETHER == 0:
            await asyncio.sleep(0)
    return waiting


async def read_documents(
    connection: Connection, database: Database, ids: Sequence[UUID], options: MakingOptions
) -> list[Document]:
    """The documents of those of the events that are finished, in the order of their ids."""
    found = await read_finished(connection, database, ids)
    return [document_of(each, options) for each in found if isinstance(each, FinishedEvent)]


def document_of(found: FinishedEvent, options: MakingOptions) -> Document:
    """What the copy is to hold of a finished event."""
    return make_document(found, unpack(found.body), options)
