"""Ways to the copy past the product."""

from uuid import UUID

from elasticsearch import AsyncElasticsearch

from headrace.domain.document import month_of
from tests.support.storage import Storage


class BehindElasticsearch:
    """Changes documents by a client of its own."""

    def __init__(self, client: AsyncElasticsearch, prefix: str) -> None:
        self.client = client
        self.prefix = prefix

    async def remove(self, event_id: UUID) -> None:
        await self.client.delete(index=self.alias(event_id), id=str(event_id), refresh=True)

    async def corrupt(self, event_id: UUID) -> None:
        changed = {"payload": {"n": "changed"}}
        await self.client.update(index=self.alias(event_id), id=str(event_id), doc=changed, refresh=True)

    def alias(self, event_id: UUID) -> str:
        return f"{self.prefix}-{month_of(event_id)}"

    async def indices(self) -> list[str]:
        """All indices of this test, also those of a further name that begins with the same prefix."""
        return sorted(await self.client.indices.get_alias(index=f"{self.prefix}*"))

    async def clean(self) -> None:
        for index in await self.indices():
            await self.client.indices.delete(index=index)
        await self.client.options(ignore_status=404).indices.delete_index_template(name=self.prefix)


class BehindPostgres:
    """Changes rows as the owner of the tables."""

    def __init__(self, storage: Storage) -> None:
        self.storage = storage

    async def remove(self, event_id: UUID) -> None:
        self.storage.rows("DELETE FROM headrace.documents WHERE event_id = %s", event_id)

    async def corrupt(self, event_id: UUID) -> None:
        self.storage.rows("UPDATE headrace.documents SET words = 'changed' WHERE event_id = %s", event_id)
