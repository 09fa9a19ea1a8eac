"""What Elasticsearch does not take, for now or ever."""

import httpx2
import pytest

from headrace.search.port import Postponed, Refused, SearchCopy, Written
from tests.search.behind import BehindElasticsearch
from tests.search.places import MONTH, Place, document, id_after

#: What the server takes in one request, but for a few.
LARGEST_MEGABYTES = 100


@pytest.fixture
def place(elasticsearch_place: Place) -> Place:
    return elasticsearch_place


async def test_a_document_that_a_strict_mapping_refuses_is_taken_once_the_mapping_is_another(
    place: Place, copy: SearchCopy, behind: BehindElasticsearch
) -> None:
    await place.add(document())
    alias = f"{behind.prefix}-{MONTH}"
    loose = await copy.fingerprint()
    await behind.client.indices.put_mapping(index=alias, properties={"extra": {"type": "object", "enabled": False}})
    await behind.client.indices.put_mapping(index=alias, dynamic="strict")
    strict = await copy.fingerprint()
    odd = document(content=b'{"payload": {}, "outputs": {}, "error": null, "extra": {}, "unknown": 1}')
    good = document()
    refused, written = await place.write(odd, good)
    assert isinstance(refused, Refused)
    assert refused.reason.startswith("strict_dynamic_mapping_exception: ")
    assert written == Written()
    await behind.client.indices.put_mapping(index=alias, dynamic="false")
    assert await place.write(odd) == [Written()]
    assert len({loose, strict, await copy.fingerprint()} - {strict}) == 1


async def test_a_refusal_does_not_quote_the_document(place: Place, behind: BehindElasticsearch) -> None:
    await place.add(document())
    alias = f"{behind.prefix}-{MONTH}"
    await behind.client.indices.put_mapping(index=alias, properties={"unknown": {"type": "long"}})
    [refused] = await place.write(document(content=b'{"payload": {}, "unknown": "hunter2"}'))
    assert isinstance(refused, Refused)
    assert "unknown" in refused.reason
    assert "hunter2" not in refused.reason


async def test_a_thousand_shapes_of_payloads_make_no_field(
    place: Place, copy: SearchCopy, behind: BehindElasticsearch
) -> None:
    before = (await place.write(document()), await copy.fingerprint())[1]
    await place.add(*(document(payload={f"field{n}": n, "same": n if n % 2 else {"n": n}}) for n in range(1000)))
    assert await copy.fingerprint() == before


async def test_terms_and_values_beyond_what_lucene_takes_are_kept_and_not_refused(place: Place) -> None:
    long = "ü" * 40_000
    await place.add(document(terms=(f"payload.text:{long}",), words=f"a {long}", subject=long, key=long, type=long))


async def test_a_read_only_block_postpones(place: Place, behind: BehindElasticsearch) -> None:
    await place.add(document())
    for block in ("read_only_allow_delete", "write"):
        index = f"{behind.prefix}-{MONTH}"
        await behind.client.indices.put_settings(index=index, settings={f"index.blocks.{block}": True})
        [outcome] = await place.write(document())
        assert isinstance(outcome, Postponed)
        assert outcome.reason.startswith("cluster_block_exception")
        await behind.client.indices.put_settings(index=index, settings={f"index.blocks.{block}": None})
        assert await place.write(document()) == [Written()]


async def test_an_index_that_was_deleted_is_not_made_by_a_write_but_by_the_next_preparation(
    place: Place, copy: SearchCopy, behind: BehindElasticsearch
) -> None:
    await place.add(document())
    [index] = await behind.indices()
    await behind.client.indices.delete(index=index)
    again = document()
    [outcome] = await copy.write([again], 2, {})
    assert isinstance(outcome, Postponed)
    assert await behind.indices() == []
    assert await place.write(again) == [Written()]
    mapping = await behind.client.indices.get_mapping(index=f"{behind.prefix}-{MONTH}")
    assert mapping[index]["mappings"]["dynamic"] == "false"


async def test_an_overwrite_of_what_is_not_prepared_is_postponed(place: Place) -> None:
    [outcome] = await place.overwrite(document())
    assert outcome == Postponed("index_not_found_exception")


async def test_a_further_index_that_is_somebody_else_s_is_left_alone(
    place: Place, behind: BehindElasticsearch, further: str
) -> None:
    await behind.client.index(index=further, id="theirs", document={"tenant": "acme", "id": "1"}, refresh=True)
    one = document(indices=(further,))
    [outcome] = await place.write(one)
    assert isinstance(outcome, Refused)
    assert (await behind.client.count(index=further))["count"] == 1
    assert await place.found(index=further) == []


async def test_a_batch_that_is_too_large_is_written_all_the_same(place: Place, copy: SearchCopy) -> None:
    large = [document(id_after(n), payload={"text": "x" * 1_000_000}) for n in range(LARGEST_MEGABYTES + 10)]
    await place.add(*large)
    assert [part.documents for part in await copy.parts()] == [len(large)]


async def test_an_entry_that_is_too_large_by_itself_is_refused_and_its_neighbours_are_not(place: Place) -> None:
    too_large = document(id_after(1), payload={"text": "x" * (LARGEST_MEGABYTES + 10) * 1_000_000})
    outcomes = await place.write(document(id_after(0)), too_large, document(id_after(2)))
    assert outcomes == [Written(), Refused("it is larger than one request may be"), Written()]


async def test_the_template_says_what_any_index_of_the_copy_is_like(
    place: Place, behind: BehindElasticsearch, elasticsearch: str
) -> None:
    await place.add(document())
    async with httpx2.AsyncClient(base_url=elasticsearch, trust_env=False) as client:
        found = (await client.get(f"/_index_template/{behind.prefix}")).json()["index_templates"][0]["index_template"]
    assert found["index_patterns"] == [f"{behind.prefix}-*"]
    assert found["priority"] == 500
    assert found["template"]["mappings"]["dynamic"] is False
