"""What is found, by whom, and in which order."""

from datetime import timedelta

import pytest

from headrace.domain.query import Between, Clause, Not, Phrase, Term
from headrace.domain.states import EventState
from headrace.search.port import Facets
from tests.search.places import MOMENT, MOST_COUNTED, Place, document, id_after, tombstone


async def test_nothing_is_found_where_nothing_was_ever_written(place: Place) -> None:
    found = await place.search(facets=True)
    assert (list(found.ids), found.total) == ([], 0)
    assert found.facets == Facets(0, True, {}, {}, {})


@pytest.mark.parametrize(
    "clause",
    [
        Phrase(("parcel",)),
        Phrase(("parcel", "was", "lost")),
        Phrase(("größe",)),
        Term(("payload.user.login:octocat",)),
        Term(("payload.user.login:nobody", "payload.user.login:octocat")),
        Term(("payload.note:a: b c",)),
        Term(("state:failed",)),
        Term(("type:order.paid",)),
        Term(("reason:node-failed",)),
        Term(("node:charge",)),
        Term(("code:card-declined",)),
        Term(("key:k-1",)),
        Term(("source:https://shop.example",)),
        Term(("subject:42",)),
        Term(("release:v7",)),
        Between("finished", MOMENT, None),
        Between("finished", None, MOMENT + timedelta(seconds=1)),
        Between("finished", MOMENT, MOMENT + timedelta(seconds=1)),
        Between("created", MOMENT, MOMENT + timedelta(seconds=1)),
        Not(Phrase(("parcel", "lost"))),
        Not(Phrase(("found",))),
        Not(Term(("payload.user.login:nobody",))),
        Not(Between("finished", None, MOMENT)),
        Not(Between("created", MOMENT + timedelta(seconds=1), None)),
    ],
    ids=str,
)
async def test_a_clause_finds_what_it_fits_and_its_opposite_does_not(place: Place, clause: Clause) -> None:
    fitting = document(
        type="Order.Paid",
        state=EventState.FAILED,
        reason="node-failed",
        node="Charge",
        code="card-declined",
        key="K-1",
        source="https://shop.example",
        subject="42",
        release="V7",
        words="the parcel was lost größe 4.5",
        terms=("payload.user.login:octocat", "payload.note:a: b c"),
    )
    await place.add(fitting)
    assert await place.found(clause) == [fitting.event_id]
    opposite = clause.clause if isinstance(clause, Not) else Not(clause)
    assert await place.found(opposite) == []


async def test_all_clauses_must_hold(place: Place) -> None:
    both, one = document(words="blue car", terms=("payload.n:1",)), document(words="blue car")
    await place.add(both, one)
    assert await place.found(Phrase(("car",)), Term(("payload.n:1",))) == [both.event_id]
    assert await place.found(Phrase(("car",)), Not(Term(("payload.n:1",)))) == [one.event_id]
    assert await place.found(Phrase(("car",)), Phrase(("blue",)), Phrase(("red",))) == []


async def test_an_event_is_found_by_its_id(place: Place) -> None:
    one, other = document(), document()
    await place.add(one, other)
    assert await place.found(Term((f"id:{one.event_id}",))) == [one.event_id]


async def test_a_very_long_word_is_found(place: Place) -> None:
    one = document(words=f"before {'x' * 1000} after")
    await place.add(one)
    assert await place.found(Phrase(("x" * 1000,))) == [one.event_id]
    assert await place.found(Phrase(("before", "x" * 1000, "after"))) == [one.event_id]


async def test_what_stands_for_all_in_another_language_is_a_word_like_others(place: Place) -> None:
    await place.add(document(words="plain text"))
    for word in ("*", "text*", "te?t", "text~1", "tex", "text & plain", "'", "\\", "text:*", "(", "or"):
        assert await place.found(Phrase((word,))) == []


async def test_no_tenant_sees_what_is_another_s(place: Place) -> None:
    mine, theirs = document(words="same"), document(words="same", tenant="other")
    await place.add(mine, theirs)
    assert await place.found(Phrase(("same",))) == [mine.event_id]
    assert await place.found(Phrase(("same",)), tenant="other") == [theirs.event_id]
    assert await place.found(tenant="ac*") == []
    found = await place.search(facets=True)
    assert (found.total, found.facets and found.facets.counted) == (1, 1)
    assert await place.found(Not(Phrase(("nowhere",)))) == [mine.event_id]


async def test_pages_go_from_the_newest_to_the_oldest_and_stay_while_others_arrive(place: Place) -> None:
    documents = [document(id_after(second)) for second in range(5)]
    await place.add(*documents)
    newest_first = [one.event_id for one in reversed(documents)]
    first = await place.search(limit=2)
    assert list(first.ids) == newest_first[:2]
    await place.add(document(id_after(60)))
    second = await place.search(limit=2, before=first.ids[-1])
    assert list(second.ids) == newest_first[2:4]
    await place.add(tombstone(second.ids[-1]))
    third = await place.search(limit=2, before=second.ids[-1])
    assert list(third.ids) == newest_first[4:]
    assert list((await place.search(limit=2, before=newest_first[-1])).ids) == []


async def test_the_total_is_the_same_on_each_page(place: Place) -> None:
    documents = [document(id_after(second)) for second in range(4)]
    await place.add(*documents)
    assert (await place.search(limit=3)).total == 4
    assert (await place.search(limit=3, before=documents[1].event_id)).total == 4


async def test_facets_count_types_states_and_days(place: Place) -> None:
    day = 86_400
    await place.add(
        document(id_after(0), type="Order"),
        document(id_after(day), type="Order", state=EventState.FAILED),
        document(id_after(14 * 3600), type="refund"),
        tombstone(id_after(2)),
    )
    found = await place.search(limit=1, facets=True)
    assert found.total == 3
    assert found.facets == Facets(
        counted=3,
        complete=True,
        types={"Order": 2, "refund": 1},
        states={"succeeded": 2, "failed": 1},
        days={"2026-11-12": 1, "2026-11-13": 2},
    )


async def test_facets_are_counted_over_the_newest_hits_alone_and_say_so(place: Place) -> None:
    old = [document(id_after(second), type="old") for second in range(5)]
    new = [document(id_after(100 + second), type="new") for second in range(MOST_COUNTED - 2)]
    await place.add(*old, *new)
    found = await place.search(limit=3, facets=True)
    assert found.total == MOST_COUNTED
    assert found.facets is not None
    assert (found.facets.counted, found.facets.complete) == (MOST_COUNTED, False)
    assert found.facets.types == {"new": MOST_COUNTED - 2, "old": 2}


async def test_facets_of_exactly_as_many_hits_as_are_counted_are_complete(place: Place) -> None:
    await place.add(*(document(id_after(second)) for second in range(MOST_COUNTED)))
    found = await place.search(limit=3, facets=True)
    assert found.total == MOST_COUNTED
    assert found.facets is not None
    assert (found.facets.counted, found.facets.complete) == (MOST_COUNTED, True)
