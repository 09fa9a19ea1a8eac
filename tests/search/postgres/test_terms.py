"""Terms by their hashes."""

from headrace.domain.query import Term
from headrace.search.postgres.terms import hash_of
from tests.search.places import Place, document


def test_a_term_has_the_same_hash_for_ever() -> None:
    assert hash_of("type:order") == 3_715_520_740_495_877_784
    assert hash_of("") != hash_of(" ")


async def test_what_we_add_for_a_tenant_cannot_be_asked_for(postgres18_place: Place) -> None:
    await postgres18_place.add(document(indices=("orders",)))
    assert await postgres18_place.found(Term(("tenant:acme",))) == []
    assert await postgres18_place.found(Term(("index:orders",))) == []


async def test_terms_that_no_text_can_hold_are_found(postgres18_place: Place) -> None:
    one = document(terms=("payload.n:\x00", "payload.m:\ud800", "payload.o:'\""))
    await postgres18_place.add(one)
    for term in one.terms:
        assert await postgres18_place.found(Term((term,))) == [one.event_id]
    assert await postgres18_place.found(Term(())) == []
