"""The indices of the copy: which there are, and how they come and go."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from elasticsearch import AsyncElasticsearch

from headrace.errors import CopyAway, HeadraceError
from headrace.search.elasticsearch.client import answering
from headrace.search.elasticsearch.mapping import DIGEST, MAPPINGS, PRIORITY, SETTINGS
from headrace.search.elasticsearch.naming import Index, Names, parse_index


class IndexImpossible(HeadraceError):
    """Elasticsearch will not have an index of this name, whenever it is asked."""

    code = "search-index-impossible"


@dataclass(frozen=True, slots=True)
class Layout:
    """What is there: what readers see, the further indices beside it, and what is being built of both."""

    live: Sequence[Index]
    further: Sequence[Index]
    new: Sequence[Index]

    def further_of(self, month: str) -> Sequence[Index]:
        """The further indices of a month that readers see."""
        return [index for index in self.further if index.month == month]

    def new_of(self, month: str, generation: int) -> Sequence[Index]:
        """What is being built of a month as this generation."""
        return [index for index in self.new if (index.month, index.generation) == (month, generation)]

    def live_of(self, index: Index) -> Sequence[Index]:
        """What readers see of the name and the month of an index."""
        seen = (*self.live, *self.further)
        return [other for other in seen if (other.name, other.month) == (index.name, index.month)]


class Indices:
    """Makes and moves indices. It remembers which are there, until it is told to forget."""

    def __init__(self, client: AsyncElasticsearch, names: Names) -> None:
        self._client = client
        self._names = names
        self._known: set[str] = set()
        self._has_template = False

    def forget(self) -> None:
        """Look again for what is there: something was not."""
        self._known.clear()
        self._has_template = False

    async def layout(self) -> Layout:
        """What is there now."""
        names = self._names
        groups = (names.prefix, names.further, names.new)
        with answering():
            answer = await self._client.options(ignore_status=404).indices.get_alias(name=",".join(groups))
        found: dict[str, list[Index]] = {group: [] for group in groups}
        for full_name, entry in answer.body.items():
            # Where an alias is missing, the answer says so beside the others.
            index = parse_index(full_name)
            if index is not None and isinstance(entry, dict):
                for alias in found.keys() & entry["aliases"].keys():
                    found[alias].append(index)
        ordered = {group: sorted(some, key=lambda index: index.full_name) for group, some in found.items()}
        return Layout(ordered[names.prefix], ordered[names.further], ordered[names.new])

    async def prepare(self, name: str, month: str) -> None:
        """Have an index that readers see, whether it is new or not. Raises IndexImpossible."""
        first = Index(name, month, 1)
        if first.month_alias in self._known:
            return
        await self._put_template()
        generations = await self._generations(first)
        if not any(first.month_alias in aliases for aliases in generations.values()):
            newest = max((index.generation for index in generations), default=0)
            await self._create(Index(name, month, newest + 1), self._live_aliases(first))
        self._known.add(first.month_alias)

    async def prepare_new(self, index: Index) -> None:
        """Have an index that no reader sees, whether it is new or not. Raises IndexImpossible."""
        if index.new_alias in self._known:
            return
        await self._put_template()
        await self._create(index, (index.new_alias, self._names.new))
        self._known.add(index.new_alias)

    async def show(self, new: Sequence[Index], layout: Layout) -> None:
        """Let readers see these instead of the other generations of their months, all at one moment."""
        actions: list[dict[str, Any]] = []
        for index in new:
            seen = self._live_aliases(index)
            others = [old for old in layout.live_of(index) if old != index]
            actions += [{"remove": {"index": old.full_name, "aliases": seen}} for old in others]
            actions.append({"add": {"index": index.full_name, "aliases": seen}})
            actions.append({"remove": {"index": index.full_name, "aliases": [index.new_alias, self._names.new]}})
        with answering():
            await self._client.indices.update_aliases(actions=actions)
        self.forget()

    async def drop_others(self, shown: Index) -> None:
        """Delete all other generations of a month, also those that were never shown."""
        for other in await self._generations(shown):
            if other != shown:
                with answering():
                    await self._client.options(ignore_status=404).indices.delete(index=other.full_name)

    async def _generations(self, index: Index) -> Mapping[Index, Collection[str]]:
        """All generations of an index's month, with their aliases."""
        with answering():
            there = await self._client.indices.get_alias(index=f"{index.month_alias}-*")
        found = {parse_index(full_name): entry["aliases"] for full_name, entry in there.body.items()}
        return {
            other: aliases
            for other, aliases in found.items()
            if other is not None and other.month_alias == index.month_alias
        }

    def _live_aliases(self, index: Index) -> Sequence[str]:
        own = index.name == self._names.prefix
        return (index.month_alias, index.name, *([] if own else [self._names.further]))

    async def _create(self, index: Index, aliases: Sequence[str]) -> None:
        # The mapping is this one also where a template of the operator's goes before ours.
        with answering():
            answer = await self._client.options(ignore_status=400).indices.create(
                index=index.full_name,
                mappings=MAPPINGS,
                settings=SETTINGS,
                aliases={alias: {} for alias in aliases},
            )
        match answer.body.get("error"):
            case None | {"type": "resource_already_exists_exception"}:
                return
            case {"type": "invalid_index_name_exception" | "invalid_alias_name_exception" as kind}:
                raise IndexImpossible(f"Elasticsearch will not have the index {index.full_name} ({kind})")
            case _:
                raise CopyAway(f"Elasticsearch makes no index {index.full_name} now")

    async def _put_template(self) -> None:
        if self._has_template:
            return
        name = self._names.prefix
        with answering():
            there = await self._client.options(ignore_status=404).indices.get_index_template(name=name)
            if _digest(there.body) != DIGEST:
                await self._client.indices.put_index_template(
                    name=name,
                    index_patterns=[f"{name}-*"],
                    priority=PRIORITY,
                    template={"mappings": MAPPINGS, "settings": SETTINGS},
                    meta={"digest": DIGEST},
                )
        self._has_template = True


def _digest(answer: Mapping[str, Any]) -> str | None:
    found = [entry["index_template"].get("_meta", {}).get("digest") for entry in answer.get("index_templates", [])]
    return found[0] if found else None
